#include "cuda/skinny_kernel.cuh"

namespace lapidary::kernels::cuda {
namespace {

int run(SkinnyOutput output, const SkinnyLaunch& launch, cudaStream_t stream) {
    switch (launch.product.format) {
    case ProductFormat::Plain:
        return runSkinny<ProductFormat::Plain>(output, launch, stream);
    case ProductFormat::Fp8:
        return runSkinny<ProductFormat::Fp8>(output, launch, stream);
    case ProductFormat::Fp8Weights:
        return runSkinny<ProductFormat::Fp8Weights>(output, launch, stream);
    }
    return 0;
}

} // namespace

// Two slots a block, one for each end of its range.
std::size_t skinnyPartials(int multiprocessors) {
    return std::size_t{2} * static_cast<std::size_t>(multiprocessors) * 16 * kTileChannels
           * kSkinnyWarps;
}

void skinnyLinear(const SkinnyProduct& product, const SkinnyWorkspace& workspace,
                  cudaStream_t stream) {
    run(SkinnyOutput::Halves, {.product = product, .workspace = workspace}, stream);
}

void skinnyLogits(const SkinnyProduct& product, float cap, const SkinnyWorkspace& workspace,
                  cudaStream_t stream) {
    run(SkinnyOutput::Logits, {.product = product, .workspace = workspace, .cap = cap}, stream);
}

int skinnyGated(const SkinnyProduct& product, float* largest, const SkinnyWorkspace& workspace,
                cudaStream_t stream) {
    return run(SkinnyOutput::Gated,
               {.product = product, .workspace = workspace, .largest = largest}, stream);
}

} // namespace lapidary::kernels::cuda
