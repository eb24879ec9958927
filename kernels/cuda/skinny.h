#pragma once

#include "cuda/arch/tensor_map.h"
#include "cuda/card_matrix.h"
#include "cuda/launch.h"

namespace lapidary::kernels::cuda {

/// One matrix of a product, and where its rows go.
struct SkinnySegment {
    const void* w = nullptr;       ///< [channels, columns] in the format
    const float* scales = nullptr; ///< [channels]; null for bf16
    void* y = nullptr;             ///< [rows, channels]; begins on 16 bytes, or on four numbers
    Bf16* handed = nullptr;        ///< the same for the next phase (hand_over.cuh), or null
    int channels = 0;
};

/// Sums that the blocks of one product hand each other, for any product on the card. All bits are
/// set once; every product leaves it as it found it. Products that run into each other have sets of
/// their own.
struct SkinnyWorkspace {
    float* partials = nullptr; ///< kSkinnySets · skinnyPartials(multiprocessors) numbers
    int multiprocessors = 0;
};
inline constexpr int kSkinnySets = 4;
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
    bool handed = false; ///< whether x and largest are handed over (hand_over.cuh)
};

/// Rows that the step kernel takes at once.
inline constexpr std::int64_t kSkinnyRows = 16;

enum class SkinnyOutput : std::uint8_t {
    Halves, ///< y in bf16
    Gate,   ///< gelu_tanh(y) ⊙ factor in bf16: of one segment
    Logits, ///< y in f32, capped: cap · tanh(y / cap); cap 0: not
    Gated   ///< gelu_tanh(gate x) ⊙ (up x) in bf16: segments 0 and 1, into the y of segment 0
};

inline constexpr int kSkinnyWarps = 8;
inline constexpr int kTileChannels = 16; ///< whose sums a warp ends
inline constexpr int kGroupChannels = kSkinnyWarps * kTileChannels;
inline constexpr int kPieceBytes = 128; ///< of a channel
inline constexpr int kStepPieces = 2;   ///< side by side

/// A product as the step kernel does it: how it is cut is a function of the shape and the card.
struct SkinnyLaunch {
    SkinnyProduct product;
    SkinnyOutput output = SkinnyOutput::Halves;
    float* partials = nullptr;
    int rowBytes = 0;         ///< of w
    int groups = 0;           ///< of kGroupChannels, of a gated product half of each segment
    int groupsBefore[3] = {}; ///< of the segments before
    int groupSteps = 0;       ///< of kStepPieces pieces in a row of w
    int steps = 0;            ///< of all groups
    int blocks = 0;           ///< that share the steps
    float cap = 0;
    const Bf16* factor = nullptr; ///< [rows, channels]
    float* largest = nullptr; ///< [rows, blocks] f32, gated: of what each block made of each row

    /// With rows: x is normed here, by each block for itself. What is added to the residual is
    /// handed over; the residual stays in the shared memory of all blocks. The first block stores
    /// what a phase of the norm alone would.
    AddNormedProblem norm = {};
};

/// Of a single row of x that a block stages: what its steps meet, or all where it norms.
[[nodiscard]] int stagedRowBytes(const SkinnyLaunch& launch);

/// Of the boxes of segment `segment`, a group's channels by a piece: what the step kernel copies by
/// on cards from 9.0 up.
[[nodiscard]] cudaError_t makeTensorMap(const SkinnyLaunch& launch, int segment, TensorMap& map);

/// `output`, `cap` and `largest` are for the caller to set.
[[nodiscard]] SkinnyLaunch planSkinny(const SkinnyProduct& product, SkinnyOutput output,
                                      const SkinnyWorkspace& workspace);

} // namespace lapidary::kernels::cuda
