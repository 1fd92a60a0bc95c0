"""A GGUF file's weights, dequantised, in float32 or bf16: so that llama.cpp multiplies what the native engine does.

Arguments: input, output, F32 or BF16. Vectors stay float32, as llama.cpp wants them.
Install: pip install gguf
"""
import sys

import gguf
import numpy as np
from gguf.quants import dequantize, quantize

source, target, kind = sys.argv[1:]
file_types = {"F32": gguf.LlamaFileType.ALL_F32, "BF16": gguf.LlamaFileType.MOSTLY_BF16}
reader = gguf.GGUFReader(source)
architecture = reader.fields["general.architecture"].contents()
writer = gguf.GGUFWriter(target, architecture)
writer.add_file_type(file_types[kind])
for name, field in reader.fields.items():
    if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type", "general.quantization_version"):
        continue
    element = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
    writer.add_key_value(name, field.contents(), field.types[0], sub_type=element)
for tensor in reader.tensors:
    values = np.ascontiguousarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
    dense = gguf.GGMLQuantizationType[kind] if values.ndim > 1 else gguf.GGMLQuantizationType.F32
    writer.add_tensor(tensor.name, quantize(values, dense), raw_dtype=dense)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
