#pragma once

// The experts of 1 to 16 rows, as two phases of the step kernel (expert_tiles.cuh has the way of
// the weights). Blocks share the channels of all lines equally.
#include "cuda/expert_input.cuh"

namespace lapidary::kernels::cuda {

/// c += the products of a lane's chunks of weights with x.
template <ProductFormat kFormat>
__device__ __forceinline__ void addChunk(float (&c)[1][4], const uint4& low, const uint4& high,
                                         const uint4* input, int chunk) {
    using Sums = SkinnySums<kFormat, 1>;
    constexpr int kChunks = Sums::kWords / 4;
    uint32_t x[1][Sums::kWords];
#pragma unroll
    for (int i = 0; i < kChunks; ++i) {
        const uint4 four = input[chunk * kChunks + i];
        x[0][4 * i] = four.x;
        x[0][4 * i + 1] = four.y;
        x[0][4 * i + 2] = four.z;
        x[0][4 * i + 3] = four.w;
    }
    Sums::multiply(c, low, high, x);
}

/// The part of a block in gate and up, or in down.
template <ProductFormat kFormat, int kAhead>
class ExpertBlock {
public:
    __device__ ExpertBlock(const ExpertPhase& phase, ExpertPart part, ExpertShared<kAhead>& shared)
        : phase_(phase)
        , p_(phase.problem)
        , shared_(shared)
        , shape_(phase.problem, part, kFormat == ProductFormat::Plain ? 2 : 1,
                 ExpertShared<kAhead>::kHalves) {}

    __device__ void run(int blocks, const PhaseMeeting& meeting) {
        const int total = shape_.lines * shape_.channels;
        const int begin = SkinnyRange::beginOf(total, static_cast<int>(blockIdx.x), blocks);
        const int end = SkinnyRange::beginOf(total, static_cast<int>(blockIdx.x) + 1, blocks);
        const int linesOfRow = shape_.activates ? p_.topK : 1;
        const int rowChannels = linesOfRow * shape_.channels;
        const int firstRow = begin / rowChannels;
        const int firstPair = firstRow * p_.topK;
        ExpertWalk walk(begin, end, shape_.channels, shape_.tile);
        // The logits are older than the phase before down: its weights are on their way while the
        // blocks wait for each other.
        if (shape_.activates)
            meeting.enter();
        if (!knowsChoice())
            chooseExperts(phase_, firstRow, (end - 1) / rowChannels + 1, shared_.choice,
                          shared_.orders);
        ExpertCopies<kAhead> copies(shape_, walk, p_.topK, firstPair, shared_);
#pragma unroll 1
        for (int i = 0; i < kAhead - 1; ++i)
            copies.begin();
        if (!shape_.activates)
            meeting.enter();

        const int warp = static_cast<int>(threadIdx.x) / 32;
        const int batch = min(ExpertShared<kAhead>::kSlots / shape_.contributions,
                              kWorkers / shape_.tile); // of tiles
        int row = -1, tile = 0, buffer = 0, slot = 0;
        ExpertWalk first = walk; // of the batch
#pragma unroll 1
        while (walk.there()) {
            if (walk.line() / linesOfRow != row) {
                row = walk.line() / linesOfRow;
                if (shape_.activates)
                    stageInput<kFormat>(phase_, row, shared_);
                else
                    stageActivated<kFormat>(phase_, row, shared_);
            }
#pragma unroll 1
            for (int rank = warp; rank < shape_.contributions; rank += kSkinnyWarps) {
                const int pair = shape_.pair(walk.line(), p_.topK, rank) - firstPair;
                const Scales scales = scalesOf(walk, pair, rank);
                const uint4* const input =
                    shared_.input + (shape_.activates ? 0 : rank * inputChunks());
                float c[1][4] = {};
#pragma unroll 1
                for (int group = shape_.firstGroup; group < shape_.groups;
                     group += shape_.nextGroup) {
                    waitCopies<kAhead - 2>();
                    copies.begin();
#pragma unroll
                    for (int half = 0; half < ExpertShared<kAhead>::kHalves; ++half)
                        addChunk<kFormat>(c, shared_.ring[slot][half][0][threadIdx.x],
                                          shared_.ring[slot][half][1][threadIdx.x], input,
                                          min(shared_.chunk(group, half), shape_.chunks - 1));
                    slot = slot + 1 == kAhead ? 0 : slot + 1;
                }
                leave(c[0], scales, pair, rank, tile, buffer);
            }
            const bool last = walk.last();
            walk.next();
            if (++tile == batch || last) {
                workerSync();
                write(first, tile, buffer);
                first = walk;
                tile = 0;
                buffer ^= 1;
            }
        }
        waitCopies<0>();
    }

private:
    /// Of a single row, down finds the choice where gate and up have left it, if this block was
    /// among theirs.
    [[nodiscard]] __device__ bool knowsChoice() const {
        return !shape_.activates && p_.rows == 1
               && p_.topK * p_.width > static_cast<int>(blockIdx.x);
    }

    [[nodiscard]] __device__ int inputChunks() const {
        return shape_.chunks * (kFormat == ProductFormat::Fp8Weights ? 2 : 1);
    }

    /// Of the weights of a lane's two channels; asked for long before they are used.
    struct Scales {
        float low = 1, high = 1;
    };
    __device__ Scales scalesOf(const ExpertWalk& walk, int pair, int rank) const {
        if (kFormat == ProductFormat::Plain || (shape_.activates && rank != 0))
            return {}; // the first warp leaves those of gate and up for all
        const ExpertRows rows(shape_, walk, shared_.choice.experts[pair]);
        return {rows.lowThere ? shape_.scales[rows.low] : 1.0F,
                rows.highThere ? shape_.scales[rows.high] : 1.0F};
    }

    /// A warp's contribution to a tile; all four lanes of a channel have the same.
    __device__ void leave(const float (&c)[4], const Scales& scales, int pair, int rank, int tile,
                          int buffer) {
        const int g = static_cast<int>(threadIdx.x) % 32 / 4;
        if (threadIdx.x % 4 != 0)
            return;
        float(&part)[16] = shared_.parts[buffer][tile * shape_.contributions + rank];
        const float ofInput = shared_.inputScales[shape_.activates ? 0 : rank];
        const float low = ofInput * scales.low;
        const float high = ofInput * scales.high;
        if (shape_.activates) {
            part[g] = c[0];
            part[g + 8] = c[2];
            if (rank == 0) {
                shared_.scales[buffer][tile][g] = low;
                shared_.scales[buffer][tile][g + 8] = high;
            }
        } else {
            const float weight = shared_.choice.weights[pair];
            part[g] = weight * (c[0] * low);
            part[g + 8] = weight * (c[2] * high);
        }
    }

    /// The tiles of a batch.
    __device__ void write(ExpertWalk walk, int tiles, int buffer) {
        const int own = static_cast<int>(threadIdx.x) / shape_.tile;
        const int channel = static_cast<int>(threadIdx.x) % shape_.tile;
        if (own >= tiles)
            return;
#pragma unroll 1
        for (int i = 0; i < own; ++i)
            walk.next();
        if (channel >= walk.size())
            return;
        const float(*const parts)[16] = shared_.parts[buffer] + own * shape_.contributions;
        float sum = 0, second = 0; // of down the second means nothing
#pragma unroll 4
        for (int i = 0; i < shape_.contributions; ++i) {
            sum += parts[i][channel];
            second += parts[i][channel % 8 + 8];
        }
        const int64_t to = int64_t(walk.line()) * shape_.channels + walk.channel() + channel;
        if (shape_.activates) {
            const float* const scales = shared_.scales[buffer][own];
            phase_.activated[to] =
                toBits(gelu(sum * scales[channel]) * (second * scales[channel + 8]));
        } else {
            p_.y[to] = toBits(sum);
        }
    }

    const ExpertPhase& phase_;
    const ExpertProblem& p_;
    ExpertShared<kAhead>& shared_;
    const ExpertShape shape_;
};

/// The part of a block in one phase. Not inlined: the registers of the other phases are their own.
template <ProductFormat kFormat, int kAhead>
__device__ __noinline__ void runExperts(const ExpertPhase& phase, ExpertPart part, int blocks,
                                        PhaseMeeting meeting, ExpertShared<kAhead>& shared) {
    ExpertBlock<kFormat, kAhead>(phase, part, shared).run(blocks, meeting);
}
template <int kAhead>
__device__ __forceinline__ void runExperts(const ExpertPhase& phase, ExpertPart part, int blocks,
                                           const PhaseMeeting& meeting,
                                           ExpertShared<kAhead>& shared) {
    switch (phase.problem.gateUp.format) {
    case ProductFormat::Plain:
        return runExperts<ProductFormat::Plain>(phase, part, blocks, meeting, shared);
    case ProductFormat::Fp8:
        return runExperts<ProductFormat::Fp8>(phase, part, blocks, meeting, shared);
    case ProductFormat::Fp8Weights:
        return runExperts<ProductFormat::Fp8Weights>(phase, part, blocks, meeting, shared);
    }
}

} // namespace lapidary::kernels::cuda
