#include "cuda/cublas_lt.h"

#include <dlfcn.h>

#include <array>
#include <format>

namespace lapidary::kernels::cuda {

namespace {

/// The system's name of the version that the program is built for.
std::string libraryName() {
    return std::format("libcublasLt.so.{}", CUBLAS_VER_MAJOR);
}

template <class Function>
bool find(void* library, Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
}

bool findAll(void* library, CublasLt& calls) {
    return find(library, calls.create, "cublasLtCreate")
           && find(library, calls.destroy, "cublasLtDestroy")
           && find(library, calls.descCreate, "cublasLtMatmulDescCreate")
           && find(library, calls.descDestroy, "cublasLtMatmulDescDestroy")
           && find(library, calls.descSetAttribute, "cublasLtMatmulDescSetAttribute")
           && find(library, calls.layoutCreate, "cublasLtMatrixLayoutCreate")
           && find(library, calls.layoutDestroy, "cublasLtMatrixLayoutDestroy")
           && find(library, calls.preferenceCreate, "cublasLtMatmulPreferenceCreate")
           && find(library, calls.preferenceDestroy, "cublasLtMatmulPreferenceDestroy")
           && find(library, calls.preferenceSetAttribute, "cublasLtMatmulPreferenceSetAttribute")
           && find(library, calls.heuristic, "cublasLtMatmulAlgoGetHeuristic")
           && find(library, calls.matmul, "cublasLtMatmul");
}

} // namespace

const Expected<CublasLt>& CublasLt::find() {
    // By name: the folders that the program was linked to look in (what an installation brings
    // lies there), LD_LIBRARY_PATH, the system's. Then where the toolkit puts itself.
    static const Expected<CublasLt> found =
        load(std::array{libraryName(), "/usr/local/cuda/lib64/" + libraryName()});
    return found;
}

Expected<CublasLt> CublasLt::load(std::span<const std::string> files) {
    std::string detail;
    for (const std::string& file : files) {
        // Never closed: its calls are made until the process ends.
        void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
        CublasLt calls;
        if (library != nullptr && findAll(library, calls))
            return calls;
        if (const char* const reason = dlerror())
            detail += std::format("{}{}", detail.empty() ? "" : "; ", reason);
    }
    return fail(ErrorKind::Unsupported,
                std::format("Graphics cards need NVIDIA's library {}, which was not found. Install "
                            "the package libcublas of CUDA {}, or choose the processor.",
                            libraryName(), CUBLAS_VER_MAJOR),
                std::move(detail));
}

} // namespace lapidary::kernels::cuda
