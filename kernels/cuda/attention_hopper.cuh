#pragma once

// softmax(q kᵀ) v of a tile of queries over a range of keys, online, on Hopper's tensor cores: one
// of the two warpgroups of a block that compute. As in attention_tile.cuh queries of one K/V head
// are packed, steps of keys begin at absolute multiples and masked keys count exactly nothing, so a
// query's bits depend on its own position alone.
//
//   256 columns   128 queries, 64 a warpgroup: scores 64 × 64, weights stay in registers, sums
//                 64 × 256
//   512 columns   64 queries. A step is of 128 keys: each warpgroup scores 64 of them, tells the
//                 other its maxima and then its weights, and sums 256 columns over all 128.
//
// Scores of the next step are begun before the sums of this one, so that its weights are computed
// while products run: 8 % at 256 columns. Sums of 64 × 256 are 128 registers a thread, scores 32. A
// group of products is one chunk; its slot is given back when the next group has begun. On an H200
// chunks of 1024 rows after 31 k reach 670 TFLOP/s at 512 columns and 404 in a window at 256; pairs
// of blocks that read their keys once for both gained nothing.
#include "cuda/arch/warpgroup.cuh"
#include "cuda/attention_ring.cuh"

namespace lapidary::kernels::cuda {

template <int kDim>
class HopperTile {
public:
    using Shape = HopperShape<kDim>;
    using Shared = HopperShared<kDim>;
    static constexpr bool kHalves = Shape::kHalves;

    /// Of K/V head `head`, for the block's queries from `first`.
    __device__ __forceinline__ HopperTile(const AttentionProblem& p, const DeviceRuns& runs,
                                          Shared& s, const HopperWalk& walk, int head, int first)
        : p_(p)
        , s_(s)
        , walk_(walk)
        , head_(head)
        , first_(first)
        , group_(__shfl_sync(~0U, static_cast<int>(threadIdx.x) / 128, 0) - 1)
        , thread_(threadIdx.x % 128)
        , ring_(kHalves ? group_ : 0) {
        loadQueries();
#pragma unroll
        for (int h = 0; h < 2; ++h) {
            const int at = first_ + row(h);
            const int position = static_cast<int>(p_.firstPosition) + at / p_.group();
            low_[h] = p_.window > 0 ? position - static_cast<int>(p_.window) + 1 : 0;
            high_[h] = position;
            for (int r = runs.count - 1; r >= 0; --r)
                if (position >= runs.at[r].begin && position < runs.at[r].end)
                    high_[h] = max(position, static_cast<int>(runs.at[r].end) - 1);
            if (at >= p_.queries())
                high_[h] = -1; // sees nothing
        }
    }

    __device__ __forceinline__ void run() {
        scoreKeys();
        drain();
        weighKeys(0);
        settleWeights();
        for (int step = 1; step < walk_.steps; ++step) {
            scoreKeys();
            rescale();
            addValues(step - 1);
            hold(scores_); // whose products are older than those that addValues leaves
            weighKeys(step);
            drain();
            settleWeights();
        }
        rescale();
        addValues(walk_.steps - 1);
        drain();
        finish();
    }

private:
    /// Of the 64 queries of this warpgroup, those that this thread has sums of.
    __device__ __forceinline__ int localRow(int h) const {
        return thread_ / 32 * 16 + thread_ % 32 / 4 + h * 8;
    }
    /// The same of the queries of the block.
    __device__ __forceinline__ int row(int h) const { return firstRow() + localRow(h); }
    __device__ __forceinline__ int firstRow() const { return kHalves ? 0 : group_ * 64; }

    /// Element of q and out where a packed query begins.
    __device__ __forceinline__ int64_t queryOffset(int at) const {
        const int group = p_.group();
        return (int64_t(at / group) * p_.heads + head_ * group + at % group) * kDim;
    }

    /// 64 queries × 256 columns, zero beyond the last query.
    __device__ __forceinline__ void loadQueries() {
        const int firstColumn = kHalves ? group_ * 256 : 0;
#pragma unroll 4
        for (int i = thread_; i < 64 * 32; i += 128) {
            const int query = firstRow() + i / 32, column = firstColumn + i % 32 * 8;
            const bool valid = first_ + query < p_.queries();
            const Bf16* from = valid ? p_.q + queryOffset(first_ + query) + column : p_.q;
            const int piece = column % 64 / 8 ^ query % 8;
            copyAsync(&s_.q[column / 64][query][piece * 8], from, valid);
        }
        commitCopies();
        waitCopies<0>();
        publishShared();
        if constexpr (kHalves)
            meet<256>(1);
        else
            meet<128>(1 + group_);
    }

    /// The next chunk, when it is there.
    __device__ __forceinline__ uint32_t nextChunk() {
        const uint32_t full = sharedAddress(&s_.full[ring_][taken_.slot]);
        const uint32_t at = sharedAddress(&s_.slots[ring_][taken_.slot]);
        awaitPhase(full, taken_.parity);
        taken_.next();
        ++held_;
        return at;
    }
    /// Gives chunks back but the newest `kLeft`.
    template <int kLeft>
    __device__ __forceinline__ void release() {
        waitProducts<kLeft>();
        for (; held_ > kLeft; --held_) {
            if (thread_ % 32 == 0)
                arrive(sharedAddress(&s_.empty[ring_][released_]));
            released_ = released_ + 1 == Shape::kSlots ? 0 : released_ + 1;
        }
    }
    __device__ __forceinline__ void drain() {
        release<0>();
        hold(scores_);
        hold(out_);
    }

    __device__ __forceinline__ void scoreKeys() {
        uint32_t queries = sharedAddress(&s_.q[0][firstRow()][0]);
        asm volatile("" : "+r"(queries)); // descriptors are computed here, not kept
#pragma unroll
        for (int chunk = 0; chunk < Shape::kKeyChunks; ++chunk) {
            const uint32_t at = nextChunk();
            orderRegisters();
#pragma unroll
            for (int panel = 0; panel < 2; ++panel) {
                const uint64_t a =
                    panelOfRows(queries + (chunk * 2 + panel) * Shape::kQueries * 128);
                const uint64_t b = panelOfRows(at + panel * 8192);
#pragma unroll
                for (int k = 0; k < 4; ++k)
                    multiplyRows(scores_, a + k * 2, b + k * 2, chunk + panel + k > 0);
            }
            commitProducts();
            release<1>();
        }
    }

    /// At 512 columns: those of the step before are still being multiplied.
    __device__ __forceinline__ uint32_t weightsAt(int step) const {
        return sharedAddress(s_.weights[step % 2]);
    }

    /// Scores of a step become weights, relative to the largest score so far.
    __device__ __forceinline__ void weighKeys(int step) {
        const int base = walk_.start + step * Shape::kKeys + (kHalves ? group_ * 64 : 0);
        const int lane = thread_ % 32;
        float largest[2];
#pragma unroll
        for (int h = 0; h < 2; ++h) {
            if (base < low_[h] || base + 63 > high_[h]) {
#pragma unroll
                for (int n = 0; n < 8; ++n)
#pragma unroll
                    for (int e = 0; e < 2; ++e) {
                        const int key = base + n * 8 + lane % 4 * 2 + e;
                        if (key < low_[h] || key > high_[h])
                            scores_[n * 4 + h * 2 + e] = -INFINITY;
                    }
            }
            largest[h] = maximum_[h];
#pragma unroll
            for (int n = 0; n < 8; ++n)
                largest[h] =
                    fmaxf(largest[h], fmaxf(scores_[n * 4 + h * 2], scores_[n * 4 + h * 2 + 1]));
            largest[h] = fmaxf(largest[h], __shfl_xor_sync(~0U, largest[h], 1));
            largest[h] = fmaxf(largest[h], __shfl_xor_sync(~0U, largest[h], 2));
        }
        if constexpr (kHalves) {
            if (lane % 4 == 0) {
                s_.maximum[group_][localRow(0)] = largest[0];
                s_.maximum[group_][localRow(1)] = largest[1];
            }
            meet<256>(1);
            largest[0] = fmaxf(largest[0], s_.maximum[1 - group_][localRow(0)]);
            largest[1] = fmaxf(largest[1], s_.maximum[1 - group_][localRow(1)]);
        }
        // Row localRow(0) of this warpgroup's panel; lane * 4 is the place of piece 0, which the
        // row's last three bits say, and of this lane in it.
        uint32_t to = weightsAt(step) + group_ * 8192 + localRow(0) * 128 + lane * 4;
        asm volatile("" : "+r"(to)); // addresses are computed here, not kept
#pragma unroll
        for (int h = 0; h < 2; ++h) {
            // Where nothing is seen yet: 2^(−∞ − 0) is the zero that it shall be.
            const float top = largest[h] == -INFINITY ? 0.0F : largest[h] * kLog2E;
            rescale_[h] =
                maximum_[h] == largest[h] ? 1.0F : exp2Fast(fmaf(maximum_[h], kLog2E, -top));
            maximum_[h] = largest[h];
            float sum = 0;
#pragma unroll
            for (int n = 0; n < 8; ++n) {
                float& low = scores_[n * 4 + h * 2];
                float& high = scores_[n * 4 + h * 2 + 1];
                low = exp2Fast(fmaf(low, kLog2E, -top));
                high = exp2Fast(fmaf(high, kLog2E, -top));
                // The sum is of what is multiplied: weights as bf16.
                const uint32_t bits = packBits(low, high);
                sum += __uint_as_float(bits << 16) + __uint_as_float(bits & 0xFFFF0000U);
                if constexpr (kHalves)
                    storeShared((to ^ n * 16) + h * 1024, bits);
            }
            sum_[h] = fmaf(sum_[h], rescale_[h], sum);
        }
        if constexpr (kHalves)
            publishShared();
    }

    /// The weights are where addValues takes them from. Registers may only change once the products
    /// that read them are done, and are packed again rather than kept twice.
    __device__ __forceinline__ void settleWeights() {
        if constexpr (kHalves) {
            meet<256>(2);
        } else {
            hold(scores_);
#pragma unroll
            for (int n = 0; n < 8; ++n)
#pragma unroll
                for (int h = 0; h < 2; ++h)
                    weights_[n / 2][n % 2 * 2 + h] =
                        packBits(scores_[n * 4 + h * 2], scores_[n * 4 + h * 2 + 1]);
        }
    }

    __device__ __forceinline__ void rescale() {
        if (!__any_sync(~0U, rescale_[0] != 1.0F || rescale_[1] != 1.0F))
            return;
#pragma unroll
        for (int i = 0; i < 128; ++i)
            out_[i] *= rescale_[i / 2 % 2];
    }

    __device__ __forceinline__ void addValues(int step) {
#pragma unroll
        for (int chunk = 0; chunk < Shape::kValueChunks; ++chunk) {
            const uint64_t b = panelsOfDepth(nextChunk(), 4096);
            orderRegisters();
#pragma unroll
            for (int k = 0; k < 2; ++k) {
                if constexpr (kHalves)
                    multiplyColumns(out_,
                                    panelOfRows(weightsAt(step) + chunk / 2 * 8192)
                                        + (chunk % 2 * 2 + k) * 2,
                                    b + k * 128, 1);
                else
                    multiplyColumns(out_, weights_[chunk * 2 + k], b + k * 128, 1);
            }
            commitProducts();
            release<1>();
        }
    }

    __device__ __forceinline__ void finish() {
        const int lane = thread_ % 32;
#pragma unroll
        for (int h = 0; h < 2; ++h) {
            sum_[h] += __shfl_xor_sync(~0U, sum_[h], 1);
            sum_[h] += __shfl_xor_sync(~0U, sum_[h], 2);
        }
        if constexpr (kHalves) {
            if (lane % 4 == 0) {
                s_.sum[group_][localRow(0)] = sum_[0];
                s_.sum[group_][localRow(1)] = sum_[1];
            }
            meet<256>(1);
#pragma unroll
            for (int h = 0; h < 2; ++h)
                sum_[h] = s_.sum[0][localRow(h)] + s_.sum[1][localRow(h)];
        }
        float most[2] = {};
#pragma unroll
        for (int h = 0; h < 2; ++h) {
            const int at = first_ + row(h);
            const float inverse = 1.0F / sum_[h];
            const int column = (kHalves ? group_ * 256 : 0) + lane % 4 * 2;
            Bf16* const to = p_.out + (at < p_.queries() ? queryOffset(at) + column : 0);
#pragma unroll
            for (int n = 0; n < 32; ++n) {
                const uint32_t bits =
                    packBits(out_[n * 4 + h * 2] * inverse, out_[n * 4 + h * 2 + 1] * inverse);
                if (at < p_.queries())
                    *reinterpret_cast<uint32_t*>(to + n * 8) = bits;
                most[h] = fmaxf(most[h], fmaxf(fabsf(__uint_as_float(bits << 16)),
                                               fabsf(__uint_as_float(bits & 0xFFFF0000U))));
            }
        }
        if (p_.largest == nullptr)
            return;
#pragma unroll
        for (int h = 0; h < 2; ++h) {
            most[h] = fmaxf(most[h], __shfl_xor_sync(~0U, most[h], 1));
            most[h] = fmaxf(most[h], __shfl_xor_sync(~0U, most[h], 2));
        }
        if constexpr (kHalves) {
            if (lane % 4 == 0) {
                s_.maximum[group_][localRow(0)] = most[0];
                s_.maximum[group_][localRow(1)] = most[1];
            }
            meet<256>(2);
            most[0] = fmaxf(most[0], s_.maximum[1 - group_][localRow(0)]);
            most[1] = fmaxf(most[1], s_.maximum[1 - group_][localRow(1)]);
            if (group_ == 1)
                return;
        }
#pragma unroll
        for (int h = 0; h < 2; ++h)
            if (lane % 4 == 0 && first_ + row(h) < p_.queries())
                p_.largest[queryOffset(first_ + row(h)) / kDim] = most[h];
    }

    const AttentionProblem& p_;
    Shared& s_;
    const HopperWalk walk_;
    const int head_, first_, group_, thread_, ring_;
    int low_[2], high_[2];
    SlotTurn<Shape::kSlots> taken_;
    int released_ = 0, held_ = 0;
    float maximum_[2] = {-INFINITY, -INFINITY}; // of scores
    float sum_[2] = {};                         // of this thread's keys
    float rescale_[2] = {1, 1};
    float scores_[32] = {};
    uint32_t weights_[4][4] = {}; // at 256 columns
    float out_[128] = {};
};

} // namespace lapidary::kernels::cuda
