#pragma once

// The way of the experts' weights to the tensor cores: bound by reading those of the chosen once.
//
//   line   a pair of a row and an expert (gate and up), or a row (down)
//   tile   16 channels of a line as the A operand: 8 of gate and the same 8 of up, or 16 of down,
//          fewer where a block's range of channels ends
//   pass   a tile and 64 bytes of each of its channels at a time: of gate and up a warp takes
//          every eighth 64 bytes, of down all of one expert. A row's bits thus depend on shapes
//          alone: neither where a block's range begins nor what stands in other channels matters.
//   lane   copies what it will read itself, so that nobody else waits for it
//
// All columns of the B operand are the same row of x.
#include "cuda/expert_choice.cuh"
#include "cuda/skinny_sums.cuh"

namespace lapidary::kernels::cuda {

enum class ExpertPart : std::uint8_t { Activate, Down };

/// What a block shares of the experts.
///   kAhead  passes of a lane that are on their way, and the one in use
template <int kAhead>
struct ExpertShared {
    static constexpr int kSlots = 32; ///< contributions to tiles that are added at once

    uint4 ring[kAhead][2][kWorkers];
    uint4 input[kExpertInputBytes / 16]; ///< x, or the activated rows of all its experts
    union {
        float parts[2][kSlots][16]; ///< [tile, contribution][channel]
        unsigned orders[kMostExperts];
    };
    float scales[2][kSlots / 8][16]; ///< of the channels of gate and up
    ExpertChoice choice;
    float inputScales[kMostPhaseChosen]; ///< of x, or of each activated row
    float folds[2][kWorkers / 32];
};

/// The numbers that a pass is made from.
template <ExpertPart kPart, ProductFormat kFormat>
struct ExpertShape {
    static constexpr bool kActivates = kPart == ExpertPart::Activate;
    static constexpr int kTile = kActivates ? 8 : 16; ///< channels of a line, at most
    static constexpr int kBytes = kFormat == ProductFormat::Plain ? 2 : 1; ///< of a weight

    int lines, channels;  ///< of a line
    int rowBytes, chunks; ///< of a channel's weights; of 16 bytes
    int groups;           ///< of 64 bytes
    int contributions;    ///< to a tile: warps, or experts of the row

    __device__ explicit ExpertShape(const ExpertProblem& p)
        : lines(static_cast<int>(p.rows) * (kActivates ? p.topK : 1))
        , channels(static_cast<int>(kActivates ? p.width : p.hidden))
        , rowBytes(static_cast<int>(kActivates ? p.hidden : p.width) * kBytes)
        , chunks(rowBytes / 16)
        , groups((chunks + 3) / 4)
        , contributions(kActivates ? kSkinnyWarps : p.topK) {}
};

/// Tiles of the channels [begin, end) of all lines one after another; of nearly equal sizes.
class ExpertWalk {
public:
    __device__ ExpertWalk(int begin, int end, int channels, int most)
        : channels_(channels), most_(most), left_(end - begin) {
        line_ = begin / channels;
        channel_ = begin % channels;
        cut();
    }

    [[nodiscard]] __device__ bool there() const { return left_ > 0; }
    __device__ void next() {
        left_ -= size_;
        channel_ += size_;
        if (channel_ == channels_) {
            channel_ = 0;
            ++line_;
        }
        cut();
    }

    [[nodiscard]] __device__ int line() const { return line_; }
    [[nodiscard]] __device__ int channel() const { return channel_; } ///< the first
    [[nodiscard]] __device__ int size() const { return size_; }
    [[nodiscard]] __device__ bool last() const { return left_ == size_; }

private:
    __device__ void cut() {
        const int length = min(left_, channels_ - channel_);
        const int tiles = (length + most_ - 1) / most_;
        size_ = tiles > 0 ? (length + tiles - 1) / tiles : 0;
    }

    int channels_, most_;
    int line_, channel_, left_, size_ = 0;
};

/// A lane's two rows of weights of a tile, and whether the tile has them.
struct ExpertRows {
    int64_t low, high; ///< counted through the stack of experts
    bool lowThere, highThere;

    ///   rank  of the expert; of gate and up the line has it
    template <ExpertPart kPart>
    __device__ static ExpertRows of(const ExpertProblem& p, const ExpertChoice& choice,
                                    int firstPair, const ExpertWalk& walk, int rank) {
        constexpr bool kActivates = kPart == ExpertPart::Activate;
        const int pair = (kActivates ? walk.line() : walk.line() * p.topK + rank) - firstPair;
        const int g = static_cast<int>(threadIdx.x) % 32 / 4;
        const int64_t expert = choice.experts[pair];
        const int64_t first = expert * (kActivates ? 2 * p.width : p.hidden) + walk.channel() + g;
        return {first, first + (kActivates ? p.width : 8), g < walk.size(),
                kActivates ? g < walk.size() : g + 8 < walk.size()};
    }
};

/// The copies of a lane, in the order in which its warp uses them.
template <ExpertPart kPart, ProductFormat kFormat, int kAhead>
class ExpertCopies {
public:
    using Shape = ExpertShape<kPart, kFormat>;

    __device__ ExpertCopies(const ExpertProblem& problem, const Shape& shape,
                            const ExpertWalk& walk, int firstPair, ExpertShared<kAhead>& shared)
        : p_(problem), shape_(shape), walk_(walk), firstPair_(firstPair), shared_(shared) {
        const bool takesPart =
            Shape::kActivates ? group_ < shape.groups : rank_ < shape.contributions;
        left_ = takesPart && walk_.there();
        if (left_)
            turn();
    }

    /// Begins the next pass, if there is one.
    __device__ void begin() {
        if (left_) {
            const int chunk = group_ * 4 + static_cast<int>(threadIdx.x) % 4;
            const bool inside = chunk < shape_.chunks;
            const int64_t offset = inside ? chunk * 16 : 0;
            copyAsync(&shared_.ring[slot_][0][threadIdx.x], low_ + offset, lowThere_ && inside);
            copyAsync(&shared_.ring[slot_][1][threadIdx.x], high_ + offset, highThere_ && inside);
            advance();
        }
        commitCopies();
        slot_ = slot_ + 1 == kAhead ? 0 : slot_ + 1;
    }

private:
    __device__ void advance() {
        group_ += Shape::kActivates ? kSkinnyWarps : 1;
        if (group_ < shape_.groups)
            return;
        group_ = Shape::kActivates ? warp() : 0;
        rank_ += kSkinnyWarps;
        if (rank_ >= shape_.contributions) {
            rank_ = warp();
            walk_.next();
            left_ = walk_.there();
        }
        if (left_)
            turn();
    }
    /// To the rows of a tile.
    __device__ void turn() {
        const ExpertRows rows = ExpertRows::of<kPart>(p_, shared_.choice, firstPair_, walk_, rank_);
        const auto* const numbers =
            static_cast<const char*>(Shape::kActivates ? p_.gateUp.numbers : p_.down.numbers);
        lowThere_ = rows.lowThere;
        highThere_ = rows.highThere;
        low_ = numbers + (lowThere_ ? rows.low * shape_.rowBytes : 0);
        high_ = numbers + (highThere_ ? rows.high * shape_.rowBytes : 0);
    }
    __device__ static int warp() { return static_cast<int>(threadIdx.x) / 32; }

    const ExpertProblem& p_;
    const Shape& shape_;
    ExpertWalk walk_;
    const int firstPair_;
    ExpertShared<kAhead>& shared_;
    int group_ = Shape::kActivates ? warp() : 0;
    int rank_ = warp();
    int slot_ = 0;
    bool left_ = false, lowThere_ = false, highThere_ = false;
    const char* low_ = nullptr;
    const char* high_ = nullptr;
};

} // namespace lapidary::kernels::cuda
