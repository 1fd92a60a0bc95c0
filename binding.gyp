# The addon. Each instruction set's kernels are a static library of their own, because their flags must not reach any
# other file. -ffp-contract=off everywhere: a fused multiply-add is written where one is meant, so no compiler decides.
{
  "target_defaults": {
    "cflags!": ["-fno-exceptions", "-O2"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
    "cflags": ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-fPIC"],
    "cflags_cc": ["-std=c++20", "-fexceptions", "-Wall", "-Wextra", "-Wno-unused-parameter"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "GCC_OPTIMIZATION_LEVEL": "3",
      "OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=off", "-fno-math-errno"],
      "MACOSX_DEPLOYMENT_TARGET": "12.0"
    },
    "msvs_settings": { "VCCLCompilerTool": { "ExceptionHandling": 1, "AdditionalOptions": ["/std:c++20", "/fp:precise"] } }
  },
  "targets": [
    {
      "target_name": "core",
      "type": "static_library",
      "sources": [
        "native/core/adamw.cpp", "native/core/adapter.cpp", "native/core/attention.cpp", "native/core/batch.cpp", "native/core/cpu.cpp", "native/core/decoder.cpp",
        "native/core/draw.cpp",
        "native/core/head.cpp", "native/core/linear.cpp", "native/core/model.cpp", "native/core/norm.cpp",
        "native/core/parameters.cpp", "native/core/plan.cpp", "native/core/pool.cpp", "native/core/prefixes.cpp", "native/core/products.cpp", "native/core/sampler.cpp",
        "native/core/kernels/kernels_portable.cpp", "native/core/kernels/natural_log.cpp"
      ]
    },
    {
      "target_name": "kernels_avx2",
      "type": "static_library",
      "conditions": [
        ["target_arch=='x64'", {
          "sources": ["native/core/kernels/kernels_avx2.cpp"],
          "cflags": ["-mavx2", "-mfma"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx2", "-mfma"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX2"] } }
        }, { "type": "none" }]
      ]
    },
    {
      "target_name": "kernels_avx512",
      "type": "static_library",
      "conditions": [
        ["target_arch=='x64'", {
          "sources": ["native/core/kernels/kernels_avx512.cpp"],
          # GCC 12 warns of its own intrinsics header.
          "cflags": ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma", "-Wno-uninitialized", "-Wno-maybe-uninitialized"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX512"] } }
        }, { "type": "none" }]
      ]
    },
    {
      "target_name": "kernels_avx512bf16",
      "type": "static_library",
      "conditions": [
        ["target_arch=='x64'", {
          "sources": ["native/core/kernels/kernels_avx512bf16.cpp"],
          "cflags": ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mavx512bf16", "-mfma", "-Wno-uninitialized", "-Wno-maybe-uninitialized"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mavx512bf16", "-mfma"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX512"] } }
        }, { "type": "none" }]
      ]
    },
    {
      "target_name": "guiderail",
      "dependencies": ["core", "kernels_avx2", "kernels_avx512", "kernels_avx512bf16"],
      "sources": ["native/binding/addon.cpp"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")", "<!(node -p \"require('node-api-headers').include_dir\")"],
      # Swallow: a thread that is torn down takes no exceptions any more, and throwing one would end the process.
      "defines": [
        "NAPI_VERSION=8", "NODE_ADDON_API_REQUIRE_BASIC_FINALIZERS", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ]
    },
    # Programs that know no Node; scripts/build-native.mjs builds them when they are asked for.
    {
      "target_name": "core_tests",
      "type": "executable",
      "dependencies": ["core", "kernels_avx2", "kernels_avx512", "kernels_avx512bf16"],
      "ldflags": ["-pthread"],
      "sources": [
        "native/tests/main.cpp", "native/tests/base_tests.cpp", "native/tests/function_tests.cpp",
        "native/tests/gemm_tests.cpp", "native/tests/model_tests.cpp", "native/tests/row_tests.cpp",
        "native/tests/sampler_tests.cpp"
      ]
    },
    {
      "target_name": "kernel_bench",
      "type": "executable",
      "dependencies": ["core", "kernels_avx2", "kernels_avx512", "kernels_avx512bf16"],
      "ldflags": ["-pthread"],
      "sources": ["bench/kernels/main.cpp", "bench/kernels/limits.cpp"]
    }
  ]
}
