#pragma once

// The way of the experts' weights to the tensor cores: bound by reading those of the chosen once.
//
//   line   a pair of a row and an expert (gate and up), or a row (down)
//   tile   16 channels of a line as the A operand: 8 of gate and the same 8 of up, or 16 of down,
//          fewer where a block's range of channels ends
//   pass   a tile and 128 bytes of each of its channels at a time (64 on cards with little shared
//          memory): of gate and up a warp takes every eighth pass, of down all of one expert. So a
//          row's bits depend on shapes alone: neither where a block's range begins nor what stands
//          in other channels matters.
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
    static constexpr int kHalves = kAhead > 2 ? 2 : 1; ///< of 64 bytes, of a pass
    static constexpr int kSlots = 32; ///< contributions to tiles that are added at once

    uint4 ring[kAhead][kHalves][2][kWorkers];
    uint4 input[kExpertInputBytes / 16]; ///< x, or the activated rows of all its experts
    union {
        float parts[2][kSlots][16]; ///< [tile, contribution][channel]
        uint4 orders[kMostExperts / 4];
    };
    float scales[2][kSlots / 8][16]; ///< of the channels of gate and up
    ExpertChoice choice;
    float inputScales[kMostPhaseChosen]; ///< of x, or of each activated row
    float folds[2][kWorkers / 32];

    /// Of a lane, of 16 bytes of each of its rows.
    __device__ static int chunk(int group, int half) {
        return (group * kHalves + half) * 4 + static_cast<int>(threadIdx.x) % 4;
    }
};

/// The numbers that a pass is made from. Both parts are the same instructions: what a step executes
/// should stay in the cache of instructions.
struct ExpertShape {
    bool activates;
    int lines, channels;       ///< of a line
    int tile;                  ///< channels of a line, at most
    int rowBytes, chunks;      ///< of a channel's weights; of 16 bytes
    int groups;                ///< passes of a tile
    int contributions;         ///< to a tile: warps, or experts of the row
    int firstGroup, nextGroup; ///< of a warp
    int expertRows;            ///< of weights, of an expert
    int apart;                 ///< a lane's two rows of weights
    int second;                ///< the channel of the other row, counted from that of the one
    const char* numbers;
    const float* scales;

    __device__ ExpertShape(const ExpertProblem& p, ExpertPart part, int bytes, int halves)
        : activates(part == ExpertPart::Activate)
        , lines(static_cast<int>(p.rows) * (activates ? p.topK : 1))
        , channels(static_cast<int>(activates ? p.width : p.hidden))
        , tile(activates ? 8 : 16)
        , rowBytes(static_cast<int>(activates ? p.hidden : p.width) * bytes)
        , chunks(rowBytes / 16)
        , groups((chunks + 4 * halves - 1) / (4 * halves))
        , contributions(activates ? kSkinnyWarps : p.topK)
        , firstGroup(activates ? static_cast<int>(threadIdx.x) / 32 : 0)
        , nextGroup(activates ? kSkinnyWarps : 1)
        , expertRows(activates ? 2 * channels : channels)
        , apart(activates ? channels : 8)
        , second(activates ? 0 : 8)
        , numbers(static_cast<const char*>(activates ? p.gateUp.numbers : p.down.numbers))
        , scales(activates ? p.gateUp.scales : p.down.scales) {}

    /// The pair of a row and an expert.
    __device__ int pair(int line, int topK, int rank) const {
        return activates ? line : line * topK + rank;
    }
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

    __device__ ExpertRows(const ExpertShape& shape, const ExpertWalk& walk, int expert) {
        const int g = static_cast<int>(threadIdx.x) % 32 / 4;
        low = int64_t(expert) * shape.expertRows + walk.channel() + g;
        high = low + shape.apart;
        lowThere = g < walk.size();
        highThere = g + shape.second < walk.size();
    }
};

/// The copies of a lane, in the order in which its warp uses them.
template <int kAhead>
class ExpertCopies {
public:
    ///   firstPair  the first of the choice
    __device__ ExpertCopies(const ExpertShape& shape, const ExpertWalk& walk, int topK,
                            int firstPair, ExpertShared<kAhead>& shared)
        : shape_(shape)
        , walk_(walk)
        , topK_(topK)
        , firstPair_(firstPair)
        , shared_(shared)
        , group_(shape.firstGroup) {
        left_ = group_ < shape.groups && rank_ < shape.contributions && walk_.there();
        if (left_)
            turn();
    }

    /// Begins the next pass, if there is one.
    __device__ void begin() {
        if (left_) {
#pragma unroll
            for (int half = 0; half < ExpertShared<kAhead>::kHalves; ++half) {
                const int chunk = shared_.chunk(group_, half);
                const bool inside = chunk < shape_.chunks;
                const int offset = inside ? chunk * 16 : 0;
                uint4(&to)[2][kWorkers] = shared_.ring[slot_][half];
                copyAsync(&to[0][threadIdx.x], low_ + offset, lowThere_ && inside);
                copyAsync(&to[1][threadIdx.x], high_ + offset, highThere_ && inside);
            }
            advance();
        }
        commitCopies();
        slot_ = slot_ + 1 == kAhead ? 0 : slot_ + 1;
    }

private:
    __device__ void advance() {
        group_ += shape_.nextGroup;
        if (group_ < shape_.groups)
            return;
        group_ = shape_.firstGroup;
        rank_ += kSkinnyWarps;
        if (rank_ >= shape_.contributions) {
            rank_ = static_cast<int>(threadIdx.x) / 32;
            walk_.next();
            left_ = walk_.there();
        }
        if (left_)
            turn();
    }
    /// To the rows of a tile.
    __device__ void turn() {
        const int pair = shape_.pair(walk_.line(), topK_, rank_) - firstPair_;
        const ExpertRows rows(shape_, walk_, shared_.choice.experts[pair]);
        lowThere_ = rows.lowThere;
        highThere_ = rows.highThere;
        low_ = shape_.numbers + (lowThere_ ? rows.low * shape_.rowBytes : 0);
        high_ = shape_.numbers + (highThere_ ? rows.high * shape_.rowBytes : 0);
    }

    const ExpertShape& shape_;
    ExpertWalk walk_;
    const int topK_, firstPair_;
    ExpertShared<kAhead>& shared_;
    int group_;
    int rank_ = static_cast<int>(threadIdx.x) / 32;
    int slot_ = 0;
    bool left_ = false, lowThere_ = false, highThere_ = false;
    const char* low_ = nullptr;
    const char* high_ = nullptr;
};

} // namespace lapidary::kernels::cuda
