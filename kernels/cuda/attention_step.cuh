#pragma once

// Attention of a step by blocks whose keys come through the ring of weights (ring_copies.cuh), so
// that they are there before the queries are.
//
//   run      some steps of 32 keys for the queries of one K/V head, by one block
//   queries  rows × group of a K/V head, packed into kTiles pieces of 16; normed and rotated here
//   scores   a warp multiplies all columns of q with 16 keys. It weighs them by the largest score
//            that it has seen itself, so that nobody waits for another's.
//   output   each warp holds kDim / 8 columns of all queries, and adds the products of 16 keys
//            brought to the largest score of all
//
// One barrier for up to 96 keys. The rows that are being decoded come raw: the block whose run
// holds their position norms and rotates their K and V straight into the ring's slot, and into the
// cache. Masked keys weigh exactly nothing and their V is zero, whatever the cache holds there.
#include "cuda/attention_heads.cuh"
#include "cuda/attention_share.cuh"
#include "cuda/step_barrier.cuh"
#include "cuda/step_phase.h"
#include "cuda/weight_stream.cuh"

#include <climits>

namespace lapidary::kernels::cuda {

template <int kDim, int kTiles>
struct StepAttentionShape {
    static constexpr int kSlots = kDim / kKeyColumns;       // of a step
    static constexpr int kSteps = kSlots > 1 ? 1 : 3;       // at once
    static constexpr int kBlocks = kSteps * kStepKeys / 16; // of 16 keys, each a warp's
    static constexpr int kQueries = 16 * kTiles;
    static constexpr int kColumns = kDim / 8; // of the output, a warp's

    /// Twice what warps tell each other: some are still reading when others are a barrier ahead.
    struct Shared {
        Bf16 q[kQueries][kDim];                // piece c of 16 bytes of row r at c xor (r mod 8)
        uint4 weights[2][kBlocks][kTiles][32]; // fragments of the lanes
        float maximum[2][kBlocks][kQueries];   // of scores · log2 e
        float sum[2][kBlocks][kQueries];       // of the weights
    };
};

template <int kDim, int kTiles>
class StepAttention {
public:
    using Shape = StepAttentionShape<kDim, kTiles>;
    using Shared = typename Shape::Shared;

    /// Asks for what is known before the phase may begin.
    __device__ StepAttention(const AttentionPhase& phase, WeightStream& stream, Shared& shared)
        : p_(phase.problem)
        , raw_(phase.raw)
        , sums_(phase.sums)
        , stream_(stream)
        , s_(shared)
        , queries_(p_.queries())
        , capacity_(static_cast<int>(p_.capacity))
        , window_(p_.window > 0 ? static_cast<int>(p_.window) : INT_MAX / 2)
        , warp_(threadIdx.x / 32)
        , lane_(threadIdx.x % 32) {
        if (raw_.qNorm != nullptr && warp_ < queries_)
            queryWeights_.load(raw_.qNorm, raw_.frequencies, p_.headDim / 2);
    }

    /// The runs that fall to this block of the first `blocks`.
    __device__ void attend(const AttentionPart& part, int blocks) {
        first_ = part.first;
        int unit = -1;
#pragma unroll 1
        for (RunWalk walk(p_, part.range, kTiles, blocks); walk.there(); walk.next()) {
            const bool asks = walk.unit() != unit;
            if (asks)
                choose(walk.head(), walk.group());
            unit = walk.unit();
            keys_ = RunKeys::of(p_, part.range, walk.run());
            compute(asks);
            store(walk.at());
        }
    }

private:
    /// What follows is of the queries from `group` · kQueries of K/V head `head`.
    __device__ void choose(int head, int group) {
        head_ = head;
        stores_ = group == 0;
        firstQuery_ = group * Shape::kQueries;
        prepareQueries<kDim, Shape::kQueries>(p_, raw_, queryWeights_, head, firstQuery_, first_,
                                              s_.q[0]);
#pragma unroll
        for (int i = 0; i < 2 * kTiles; ++i) {
            const int at = firstQuery_ + row(i);
            // No key is at or before −1, so a place without a query sees nothing.
            last_[i] = at < queries_ ? first_ + at / p_.group() : -1;
        }
    }

    /// The sums of a run.
    ///   asks  whether the queries are new
    __device__ void compute(bool asks) {
#pragma unroll
        for (int i = 0; i < 2 * kTiles; ++i) {
            maximum_[i] = -INFINITY;
            sum_[i] = 0;
#pragma unroll
            for (int n = 0; n < kOut; ++n)
                out_[i][n][0] = out_[i][n][1] = 0;
        }
        int slot = keys_.start % capacity_; // of the cache
#pragma unroll 1
        for (int step = 0; step < keys_.steps; step += Shape::kSteps) {
            const int steps = min(Shape::kSteps, keys_.steps - step);
            bool mended = false;
#pragma unroll 1
            for (int i = 0; i < steps; ++i) {
                mended |= mend(keys_.start + (step + i) * kStepKeys, slot, i * Shape::kSlots);
                for (slot += kStepKeys; slot >= capacity_;)
                    slot -= capacity_;
            }
            if (mended)
                fenceBoxes();
            if (mended || asks)
                workerSync();
            asks = false;
            if (warp_ < 2 * steps)
                weighKeys(keys_.start + step * kStepKeys + warp_ * 16);
            workerSync();
            addValues(steps);
            set_ ^= 1;
#pragma unroll 1
            for (int i = 0; i < steps * Shape::kSlots; ++i)
                stream_.next();
        }
    }

    /// A step's V, some slots from the next in turn on.
    __device__ auto valuesOf(int slots) const -> const uint4* {
        SkinnyStep& step = stream_.await(slots + Shape::kSlots - 1);
        return reinterpret_cast<KeySlot&>(step).panels[Shape::kSlots > 1 ? 0 : kKeyPanels][0];
    }
    __device__ auto keysOf(int slots) const -> const uint4* {
        return reinterpret_cast<KeySlot&>(stream_.await(slots)).panels[0][0];
    }

    /// Puts what could not be copied into the slots of the step that begins with `key`: rows of
    /// this step of decoding, those behind the end of the ring of the cache, and zeros.
    ///   slot   of the cache that it begins in
    ///   slots  of the ring before its own, from the next in turn on
    __device__ bool mend(int key, int slot, int slots) {
        const int end = key + kStepKeys;
        const int wrap = key + capacity_ - slot; // lies in slot 0 of the cache
        const int copied = min(first_, wrap);
        if (key >= keys_.begin && end <= min(keys_.end, copied))
            return false;
        auto* const k = const_cast<uint4*>(keysOf(slots));
        auto* const v = const_cast<uint4*>(valuesOf(slots));
#pragma unroll 1
        for (int at = threadIdx.x; at < kStepKeys * kDim / 8; at += kWorkers) {
            const int position = key + at % (kStepKeys * 8) / 8;
            if (position < keys_.begin || position >= keys_.end)
                v[at] = {0, 0, 0, 0};
        }
        // The last warps take the first rows: they have no query when there are few.
        const int begin = max(key, copied);
        const int tasks = 2 * (min(end, keys_.end) - begin);
#pragma unroll 1
        for (int task = 7 - warp_; task < tasks; task += 8) {
            const int position = begin + task / 2;
            const bool values = task % 2 != 0;
            const int row = position - key;
            putRow(position, values,
                   {reinterpret_cast<Bf16*>((values ? v : k) + row * 8), row, kStepKeys * 64});
        }
        return true;
    }

    __device__ void putRow(int position, bool values, const HeadPlace& place) const {
        const int64_t stride = int64_t(p_.kvHeads) * p_.headDim;
        const int64_t column = int64_t(head_) * p_.headDim;
        const Bf16* const cached =
            (values ? p_.v : p_.k) + int64_t(position % capacity_) * stride + column;
        if (position < first_ || raw_.k == nullptr) {
            // Also an earlier layer may have put it there: from the L2.
#pragma unroll 1
            for (int i = lane_ * 8; i < p_.headDim; i += 256) {
                const uint4 eight = __ldcg(reinterpret_cast<const uint4*>(cached + i));
                place.put(i, {eight.x, eight.y});
                place.put(i + 4, {eight.z, eight.w});
            }
            return;
        }
        FreshHead head{.x = (values ? raw_.v : raw_.k) + (position - first_) * stride + column,
                       .half = p_.headDim / 2};
        head.weight = values ? nullptr : raw_.kNorm;
        head.frequencies = raw_.frequencies;
        head.epsilon = raw_.epsilon;
        head.handed = raw_.handed;
        head.position = static_cast<float>(position);
        // The cache of the problem is read by all and written by the block that stores.
        if (stores_)
            head.stored = const_cast<Bf16*>(cached);
        prepareHead<kDim>(head, place);
    }

    /// The weights of this warp's 16 keys from `key` on.
    __device__ void weighKeys(int key) {
        const uint4* const keys = keysOf(warp_ / 2 * Shape::kSlots);
        const int keyRow = warp_ % 2 * 16 + lane_ / 16 * 8 + lane_ % 8;
        float c[kTiles][2][2][4] = {}; // two chains of sums
#pragma unroll 4
        for (int d = 0; d < kDim / 16; d += 2)
#pragma unroll
            for (int chain = 0; chain < 2; ++chain) {
                uint32_t b[4];
                loadMatrix(b, pieceOf(keys, keyRow, (d + chain) * 2 + lane_ / 8 % 2));
#pragma unroll
                for (int t = 0; t < kTiles; ++t) {
                    const int query = t * 16 + lane_ % 16;
                    const int piece = (d + chain) * 2 + lane_ / 16;
                    uint32_t a[4];
                    loadMatrix(a, &s_.q[query][(piece ^ (query & 7)) * 8]);
                    multiply(c[t][chain][0], a, b[0], b[1]);
                    multiply(c[t][chain][1], a, b[2], b[3]);
                }
            }
        const int lowest = keys_.begin;
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
            uint32_t weights[4];
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int i = 2 * t + half;
                const int from = max(lowest, last_[i] - window_ + 1);
                float score[4], largest = -INFINITY;
#pragma unroll
                for (int j = 0; j < 4; ++j) {
                    const int position = key + j / 2 * 8 + lane_ % 4 * 2 + j % 2;
                    const float sum =
                        c[t][0][j / 2][half * 2 + j % 2] + c[t][1][j / 2][half * 2 + j % 2];
                    const bool sees = position <= last_[i] && position >= from;
                    score[j] = sees ? __fmul_rn(sum, kLog2E) : -INFINITY;
                    largest = fmaxf(largest, score[j]);
                }
                largest = fmaxf(largest, __shfl_xor_sync(~0U, largest, 1));
                largest = fmaxf(largest, __shfl_xor_sync(~0U, largest, 2));
                // Where nothing is seen: 2^(−∞ − 0) is the zero that it shall be.
                const float base = largest == -INFINITY ? 0.0F : largest;
                float sum = 0;
#pragma unroll
                for (int n = 0; n < 2; ++n) {
                    // The sum is of what is multiplied: weights as bf16.
                    const uint32_t bits =
                        packBits(exp2Fast(score[2 * n] - base), exp2Fast(score[2 * n + 1] - base));
                    sum += __uint_as_float(bits << 16) + __uint_as_float(bits & 0xFFFF0000U);
                    weights[2 * n + half] = bits;
                }
                sum += __shfl_xor_sync(~0U, sum, 1);
                sum += __shfl_xor_sync(~0U, sum, 2);
                if (lane_ % 4 == 0) {
                    s_.maximum[set_][warp_][row(i)] = largest;
                    s_.sum[set_][warp_][row(i)] = sum;
                }
            }
            s_.weights[set_][warp_][t][lane_] = {weights[0], weights[1], weights[2], weights[3]};
        }
    }

    /// out = out · rescale + weights v, of steps.
    __device__ void addValues(int steps) {
#pragma unroll
        for (int i = 0; i < 2 * kTiles; ++i) {
            float largest = maximum_[i];
#pragma unroll
            for (int block = 0; block < Shape::kBlocks; ++block)
                if (block < 2 * steps)
                    largest = fmaxf(largest, s_.maximum[set_][block][row(i)]);
            rescale(i, maximum_[i] == largest ? 1.0F : exp2Fast(maximum_[i] - largest));
            maximum_[i] = largest;
        }
        const int piece = warp_ * (Shape::kColumns / 8);
#pragma unroll 1
        for (int step = 0; step < steps; ++step) {
            const uint4* const v = valuesOf(step * Shape::kSlots);
            uint4 a[2][kTiles];
            float factor[2][2 * kTiles];
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int block = 2 * step + half;
#pragma unroll
                for (int t = 0; t < kTiles; ++t)
                    a[half][t] = s_.weights[set_][block][t][lane_];
#pragma unroll
                for (int i = 0; i < 2 * kTiles; ++i) {
                    const float largest = s_.maximum[set_][block][row(i)];
                    factor[half][i] = largest == -INFINITY ? 0.0F : exp2Fast(largest - maximum_[i]);
                    sum_[i] = fmaf(s_.sum[set_][block][row(i)], factor[half][i], sum_[i]);
                }
            }
#pragma unroll
            for (int n = 0; n < kOut; n += 2)
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    uint32_t b[4];
                    loadMatrixTransposed(
                        b, pieceOf(v, half * 16 + lane_ % 16, piece + n + lane_ / 16));
#pragma unroll
                    for (int t = 0; t < kTiles; ++t)
#pragma unroll
                        for (int m = 0; m < 2; ++m)
                            addBlock(t, n + m, a[half][t], b[2 * m], b[2 * m + 1], factor[half]);
                }
        }
    }

    /// The products of 16 keys, brought to what is largest of all.
    __device__ void addBlock(int t, int n, const uint4& a, uint32_t b0, uint32_t b1,
                             const float (&factor)[2 * kTiles]) {
        float c[4] = {};
        multiplyBf16(c, a.x, a.y, a.z, a.w, b0, b1);
#pragma unroll
        for (int e = 0; e < 4; ++e) {
            float& out = out_[2 * t + e / 2][n][e % 2];
            out = fmaf(c[e], factor[2 * t + e / 2], out);
        }
    }

    __device__ void rescale(int i, float factor) {
        sum_[i] *= factor;
#pragma unroll
        for (int n = 0; n < kOut; ++n) {
            out_[i][n][0] *= factor;
            out_[i][n][1] *= factor;
        }
    }

    /// Leaves the sums of run `at` of those that the rows read.
    __device__ void store(int at) const {
#pragma unroll
        for (int i = 0; i < 2 * kTiles; ++i) {
            const int query = firstQuery_ + row(i);
            if (query >= queries_)
                continue;
            const int64_t run = int64_t(head_ * queries_ + query) * sums_.mostRuns + at;
#pragma unroll
            for (int n = 0; n < kOut; ++n) {
                const int column = warp_ * Shape::kColumns + n * 8 + lane_ % 4 * 2;
                if (column < p_.headDim)
                    handOver(sums_.out + run * p_.headDim + column,
                             float2{out_[i][n][0], out_[i][n][1]});
            }
            if (warp_ == 0 && lane_ % 4 == 0) {
                handOver(sums_.maximum + run, maximum_[i]);
                handOver(sums_.sum + run, sum_[i]);
            }
        }
    }

    /// Of a lane's two queries of each piece the i-th.
    __device__ int row(int i) const { return i / 2 * 16 + i % 2 * 8 + lane_ / 4; }

    __device__ static uint32_t pieceOf(const uint4* panels, int row, int piece) {
        return sharedAddress(panels + piece / 8 * (kStepKeys * 8) + row * 8 + ((piece ^ row) & 7));
    }

    static constexpr int kOut = Shape::kColumns / 8;

    const AttentionProblem& p_;
    const RawRows& raw_;
    const RunSums& sums_;
    WeightStream& stream_;
    Shared& s_;
    const int queries_, capacity_, window_;
    const int warp_, lane_;

    HeadWeights<kDim / 64> queryWeights_;
    int first_ = 0; // position of row 0
    int head_ = 0, firstQuery_ = 0;
    bool stores_ = false;
    int last_[2 * kTiles]; // key that the query row(i) sees
    RunKeys keys_{};
    int set_ = 0;
    float out_[2 * kTiles][kOut][2];
    float maximum_[2 * kTiles], sum_[2 * kTiles];
};

} // namespace lapidary::kernels::cuda
