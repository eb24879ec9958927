#pragma once

#include "cuda/card_matrix.h"

namespace lapidary::kernels::cuda {

/// One matrix of a product, and where its rows go.
struct SkinnySegment {
    const void* w = nullptr;       ///< [channels, columns] in the format
    const float* scales = nullptr; ///< [channels]; null for bf16
    void* y = nullptr;             ///< [rows, channels]
    int channels = 0;
};

/// Sums that the blocks of one product hand each other, for any product on the card. All bits are
/// set once; every product leaves it as it found it.
struct SkinnyWorkspace {
    float* partials = nullptr; ///< skinnyPartials(multiprocessors) numbers
    int multiprocessors = 0;
    std::size_t sharedBytes = 0; ///< that a block of this card may have
};
[[nodiscard]] std::size_t skinnyPartials(int multiprocessors);

/// y = W x for 1 to 16 rows and up to three matrices of the same rows.
///   columns  a multiple of 8 (bf16) or 16 (e4m3); w and x begin on 16 bytes
struct SkinnyProduct {
    ProductFormat format = ProductFormat::Plain;
    SkinnySegment segments[3];
    int segmentCount = 0;
    const Bf16* x = nullptr;        ///< [rows, columns]
    const float* largest = nullptr; ///< [rows, pieces], of x; for Fp8
    int pieces = 0;
    int rows = 0;
    int columns = 0;
};

/// Rows that this kernel takes at once.
inline constexpr std::int64_t kSkinnyRows = 16;

/// y in bf16.
void skinnyLinear(const SkinnyProduct& product, const SkinnyWorkspace& workspace,
                  cudaStream_t stream);

/// y in f32, capped: cap · tanh(y / cap); cap 0: not.
void skinnyLogits(const SkinnyProduct& product, float cap, const SkinnyWorkspace& workspace,
                  cudaStream_t stream);

/// y = gelu_tanh(gate x) ⊙ (up x) in bf16: segments 0 and 1, into the y of segment 0. Returns the
/// number of pieces in `largest`, at most the card's multiprocessors.
///   largest  [rows, pieces] f32: of what each block made of each row of y
int skinnyGated(const SkinnyProduct& product, float* largest, const SkinnyWorkspace& workspace,
                cudaStream_t stream);

} // namespace lapidary::kernels::cuda
