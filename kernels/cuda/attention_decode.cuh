#pragma once

// One run of keys for the queries of one K/V head, by one block of eight warps.
//
//   queries  rows × group of a K/V head, packed into kTiles pieces of 16; normed and rotated here
//   keys     in steps of 32 at absolute multiples of 32, kStages steps of K and of V on their way
//   scores   each warp multiplies its own columns of q and K (512 columns: 64 each for all 32 keys;
//            fewer columns: 64 for one half of the keys), so it waits for nobody's copies but its
//            own; the partial scores meet in shared memory and are added in order
//   softmax  16 threads a query, two keys each; maximum and sum stay in their registers
//   output   each warp holds kDim / 8 columns of all queries
//
// Two barriers a step. Rows of K and V lie in shared memory without padding: piece c of 16 bytes of
// row r at c xor (r mod 8), so that ldmatrix meets every bank once.
//
// The rows that are being decoded come raw: the block whose run holds their position norms and
// rotates their K and V straight into its step in shared memory, and into the cache. Masked keys
// weigh exactly nothing and their V is zero, whatever the cache holds there.
//
// A block keeps the queries of one K/V head for all its runs. The keys before the rows, and what
// queries are multiplied with, were there before this step: they are asked for while the kernel
// before still runs.
#include "cuda/attention_heads.cuh"
#include "cuda/attention_share.cuh"
#include "cuda/step_barrier.cuh"
#include "cuda/tensor_core.cuh"

#include <bit>
#include <climits>

namespace lapidary::kernels::cuda {

template <int kDim, int kTiles, int kStages>
struct DecodeShape {
    static constexpr int kStep = kStepKeys;
    static constexpr int kKeyParts = kDim >= 512 ? 1 : 2; // warps that share columns in scores
    static constexpr int kSlices = 8 / kKeyParts;         // of columns in scores
    static constexpr int kScoreColumns = kDim / kSlices;  // a warp's
    static constexpr int kScoreKeys = kStep / kKeyParts;  // a warp's
    static constexpr int kOutColumns = kDim / 8;          // a warp's
    static constexpr int kQueries = 16 * kTiles;
    static constexpr int kRowBytes = kDim * 2;
    static constexpr int kStepBytes = kStep * kRowBytes;

    struct Shared {
        uint4 k[kStages][kStepBytes / 16];
        uint4 v[kStages][kStepBytes / 16];
        union {
            float scores[kTiles][kSlices][16][kStep]; // column xor 8 · (row mod 4)
            uint4 q[kQueries][kRowBytes / 16];        // before the first step
        };
        Bf16 weights[kQueries][kStep + 8];
        float rescale[kQueries];
        int next;
    };
};

template <int kDim, int kTiles, int kStages>
class DecodeRun {
public:
    using Shape = DecodeShape<kDim, kTiles, kStages>;
    using Shared = typename Shape::Shared;

    __device__ DecodeRun(const AttentionProblem& p, const RawRows& raw, const RunSums& sums,
                         Shared& shared, int first)
        : p_(p)
        , raw_(raw)
        , sums_(sums)
        , s_(shared)
        , first_(first)
        , headDim_(p.headDim)
        , stride_(p.kvHeads * p.headDim)
        , queries_(p.queries())
        , group_(p.group())
        , capacity_(static_cast<int>(p.capacity))
        , window_(p.window > 0 ? static_cast<int>(p.window) : INT_MAX / 2)
        , warp_(threadIdx.x / 32)
        , lane_(threadIdx.x % 32) {}

    /// What follows is of the queries from `group` · kQueries of K/V head `head`.
    __device__ void choose(int head, int group) {
        head_ = head;
        stores_ = group == 0;
        firstQuery_ = group * Shape::kQueries;
        keys_ = p_.k + head * headDim_;
        values_ = p_.v + head * headDim_;
        if (raw_.qNorm != nullptr)
            weights_.load(raw_.qNorm, raw_.frequencies, headDim_ / 2);
    }

    /// Begins run `run` with the keys that are older than the rows.
    __device__ void begin(const RunRange& range, int run) {
        const RunKeys keys = RunKeys::of(p_, range, run);
        begin_ = keys.begin;
        end_ = keys.end;
        start_ = keys.start;
        steps_ = keys.steps;
        startSlot_ = start_ % capacity_;
#pragma unroll 1
        for (int load = 0; load < kLoads; ++load) {
            copy(Part::of(load), load / 2, begin_, min(end_, first_), true);
            commitCopies();
        }
    }

    /// Adds what begin could not have: the rows of this step, as far as they are in the steps that
    /// were begun.
    __device__ void addRows() {
        if (end_ <= first_)
            return;
#pragma unroll 1
        for (int load = 0; load < kLoads; ++load)
            addFresh(Part::of(load), load / 2);
        commitCopies();
    }

    /// The sums of the run that was begun, as number `at` of those that the rows read.
    __device__ void compute(int at) {
        if (end_ > first_) {
            waitCopies<0>();
            workerSync();
        }
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
            maximum_[t] = -INFINITY;
            sum_[t] = 0;
#pragma unroll
            for (int n = 0; n < kOut; ++n)
#pragma unroll
                for (int c = 0; c < 4; ++c)
                    out_[t][n][c] = 0;
        }
#pragma unroll 1
        for (int step = 0; step < steps_; ++step) {
            waitCopies<2 * kStages - 2>(); // this step's K is here
            __syncwarp();
            scoreKeys(step);
            workerSync();
            // All warps are done with this step's K and the last one's V.
#pragma unroll 1
            for (int load = kLoads - 1; load <= kLoads; ++load) {
                const int later = step + load / 2;
                if (later >= kStages) { // else it was begun
                    copy(Part::of(load), later, begin_, min(end_, first_), true);
                    addFresh(Part::of(load), later);
                }
                commitCopies();
            }
            weighKeys(step);
            waitCopies<2 * kStages - 1>(); // this step's V is here
            workerSync();
            addValues(step);
        }
        store(at);
        workerSync(); // before the next run's steps
    }

    /// Queries, normed and rotated, to shared memory and from there into registers.
    __device__ void prepareQueries() {
        cuda::prepareQueries<kDim, Shape::kQueries>(p_, raw_, weights_, head_, firstQuery_, first_,
                                                    reinterpret_cast<Bf16*>(s_.q));
        workerSync();
        const int piece = warp_ % Shape::kSlices * (Shape::kScoreColumns / 8);
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
#pragma unroll
            for (int d = 0; d < kDepth; ++d)
                loadMatrix(q_[t][d],
                           place(s_.q[0], t * 16 + lane_ % 16, piece + d * 2 + lane_ / 16));
            const int at = firstQuery_ + t * 16 + threadIdx.x / 16;
            // No key is at or before −1, so a place without a query sees nothing.
            last_[t] = at < queries_ ? first_ + at / group_ : -1;
        }
        workerSync(); // the scores take the queries' place
    }

private:
    // The lane, anew: addresses made from it are computed where they are used instead of being held
    // in registers throughout.
    __device__ int lane() const {
        int lane = lane_;
        asm volatile("" : "+r"(lane));
        return lane;
    }

    /// The keys of a step from the first of the run on. The last come first: what is new among
    /// them is there before the first step.
    __device__ int offsetOf(int step) const { return (steps_ - 1 - step) * Shape::kStep; }

    __device__ uint32_t place(const uint4* rows, int row, int piece) const {
        return sharedAddress(rows) + row * Shape::kRowBytes + ((piece ^ (row & 7)) << 4);
    }

    // What follows is written so that each piece of code stands in the kernel once or twice: it
    // runs once a launch, after other kernels, and is fetched from the L2 as it goes.

    // A step is loaded in parts, K and V in turn: 0 is K of step 0, 1 is V of step 0 and so on.
    static constexpr int kLoads = 2 * kStages; // before the first step

    /// A warp's share of K or V of a step: its columns of K for some keys, its columns of V for
    /// all.
    struct Part {
        bool values;
        __device__ static Part of(int load) { return {load % 2 == 1}; }
    };

    // Positions in [low, high) of a step, and with `clears` zeros for those that are not of the
    // run.
    __device__ void copy(Part part, int step, int low, int high, bool clears) {
        if (step >= steps_)
            return;
        constexpr int kPieces = Shape::kStepBytes / 16 / kWorkers; // of 16 bytes a lane
        constexpr int kKeyShift = std::countr_zero(unsigned(Shape::kScoreColumns / 8));
        constexpr int kValueShift = std::countr_zero(unsigned(Shape::kOutColumns / 8));
        const int lane = this->lane();
        const int shift = part.values ? kValueShift : kKeyShift; // pieces of a key and a warp
        const int firstColumn = part.values ? warp_ * Shape::kOutColumns
                                            : warp_ % Shape::kSlices * Shape::kScoreColumns;
        const int firstKey = part.values ? 0 : warp_ / Shape::kSlices * Shape::kScoreKeys;
        uint4* const to = part.values ? s_.v[step % kStages] : s_.k[step % kStages];
        const Bf16* const from = part.values ? values_ : keys_;
        const int keys = start_ + offsetOf(step);
        const int slots = startSlot_ + offsetOf(step);
#pragma unroll 4
        for (int i = 0; i < kPieces; ++i) {
            const int at = i * 32 + lane;
            const int key = firstKey + (at >> shift);
            const int column = firstColumn + (at & (1 << shift) - 1) * 8;
            const int position = keys + key;
            const bool copies = position >= low && position < high;
            const bool inside = position >= begin_ && position < end_;
            if (!copies && (inside || !clears))
                continue; // another's
            const bool valid = copies && column < headDim_;
            int slot = slots + key;
#pragma unroll 1
            while (slot >= capacity_)
                slot -= capacity_;
            copyAsync(place(to, key, column / 8),
                      from + (valid ? int64_t(slot) * stride_ + column : 0), valid);
        }
    }

    // The rows of this step among the keys of `step`: computed from what is raw, or copied where an
    // earlier layer has put them into the cache. The last warps take the first rows: they have no
    // query when there are few.
    __device__ void addFresh(Part part, int step) {
        const int keys = start_ + offsetOf(step);
        const int end = min(keys + Shape::kStep, end_);
        if (step >= steps_ || end <= first_)
            return;
        if (raw_.k == nullptr) {
            copy(part, step, max(begin_, first_), end_, false);
            return;
        }
        const int begin = max(keys, first_) + ((part.values ? 6 : 7) + 8 - warp_) % 8;
#pragma unroll 1
        for (int position = begin; position < end; position += 8) {
            const int64_t from = int64_t(position - first_) * stride_ + head_ * headDim_;
            FreshHead head{.x = (part.values ? raw_.v : raw_.k) + from, .half = headDim_ / 2};
            head.weight = part.values ? nullptr : raw_.kNorm;
            head.frequencies = raw_.frequencies;
            head.epsilon = raw_.epsilon;
            head.handed = raw_.handed;
            head.position = static_cast<float>(position);
            // The cache of the problem is read by all and written by the block that stores.
            if (stores_)
                head.stored = const_cast<Bf16*>(part.values ? values_ : keys_)
                              + int64_t(position % capacity_) * stride_;
            uint4* const rows = part.values ? s_.v[step % kStages] : s_.k[step % kStages];
            const int key = position - keys;
            prepareHead<kDim>(head, {reinterpret_cast<Bf16*>(rows) + key * kDim, key});
        }
    }

    __device__ void scoreKeys(int step) {
        const uint4* const k = s_.k[step % kStages];
        const int firstKey = warp_ / Shape::kSlices * Shape::kScoreKeys;
        const int slice = warp_ % Shape::kSlices;
        const int piece = slice * (Shape::kScoreColumns / 8);
        const int lane = this->lane();
        float c[kTiles][kScores][4] = {};
#pragma unroll
        for (int d = 0; d < kDepth; ++d)
#pragma unroll
            for (int n = 0; n < kScores; n += 2) {
                uint32_t b[4];
                loadMatrix(b, place(k, firstKey + n * 8 + lane / 16 * 8 + lane % 8,
                                    piece + d * 2 + lane / 8 % 2));
#pragma unroll
                for (int t = 0; t < kTiles; ++t) {
                    multiply(c[t][n], q_[t][d], b[0], b[1]);
                    multiply(c[t][n + 1], q_[t][d], b[2], b[3]);
                }
            }
        const int row = lane / 4;
#pragma unroll
        for (int t = 0; t < kTiles; ++t)
#pragma unroll
            for (int n = 0; n < kScores; ++n) {
                const int column = (firstKey + n * 8 + lane % 4 * 2) ^ ((row & 3) * 8);
                auto& scores = s_.scores[t][slice];
                *reinterpret_cast<float2*>(&scores[row][column]) = {c[t][n][0], c[t][n][1]};
                *reinterpret_cast<float2*>(&scores[row + 8][column]) = {c[t][n][2], c[t][n][3]};
            }
    }

    __device__ void weighKeys(int step) {
        const int row = threadIdx.x / 16, key = threadIdx.x % 16 * 2;
        const int column = key ^ ((row & 3) * 8);
        const int position = start_ + offsetOf(step) + key;
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
            float a = 0, b = 0;
#pragma unroll
            for (int slice = 0; slice < Shape::kSlices; ++slice) {
                const auto part =
                    *reinterpret_cast<const float2*>(&s_.scores[t][slice][row][column]);
                a += part.x;
                b += part.y;
            }
            const int lowest = max(begin_, last_[t] - window_ + 1);
            const bool seesA = position <= last_[t] && position >= lowest;
            const bool seesB = position + 1 <= last_[t] && position + 1 >= lowest;
            a = seesA ? __fmul_rn(a, kLog2E) : -INFINITY;
            b = seesB ? __fmul_rn(b, kLog2E) : -INFINITY;
            float largest = fmaxf(maximum_[t], fmaxf(a, b));
#pragma unroll
            for (int offset = 8; offset > 0; offset /= 2)
                largest = fmaxf(largest, __shfl_xor_sync(~0U, largest, offset));
            const uint32_t bits = packBits(seesA ? exp2Fast(a - largest) : 0.0F,
                                           seesB ? exp2Fast(b - largest) : 0.0F);
            // The sum is of what is multiplied: weights as bf16.
            float sum = __uint_as_float(bits << 16) + __uint_as_float(bits & 0xFFFF0000U);
#pragma unroll
            for (int offset = 8; offset > 0; offset /= 2)
                sum += __shfl_xor_sync(~0U, sum, offset);
            const float rescale = maximum_[t] == largest ? 1.0F : exp2Fast(maximum_[t] - largest);
            maximum_[t] = largest;
            sum_[t] = fmaf(sum_[t], rescale, sum);
            *reinterpret_cast<uint32_t*>(&s_.weights[t * 16 + row][key]) = bits;
            if (key == 0)
                s_.rescale[t * 16 + row] = rescale;
        }
    }

    __device__ void addValues(int step) {
        const uint4* const v = s_.v[step % kStages];
        const int lane = this->lane();
        const int piece = warp_ * (Shape::kOutColumns / 8);
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
            const float low = s_.rescale[t * 16 + lane / 4];
            const float high = s_.rescale[t * 16 + lane / 4 + 8];
#pragma unroll
            for (int n = 0; n < kOut; ++n) {
                out_[t][n][0] *= low;
                out_[t][n][1] *= low;
                out_[t][n][2] *= high;
                out_[t][n][3] *= high;
            }
        }
#pragma unroll
        for (int key = 0; key < Shape::kStep; key += 16) {
            uint32_t a[kTiles][4];
#pragma unroll
            for (int t = 0; t < kTiles; ++t)
                loadMatrix(a[t], &s_.weights[t * 16 + lane % 16][key + lane / 16 * 8]);
#pragma unroll
            for (int n = 0; n < kOut; n += 2) {
                uint32_t b[4];
                loadMatrixTransposed(b, place(v, key + lane % 16, piece + n + lane / 16));
#pragma unroll
                for (int t = 0; t < kTiles; ++t) {
                    multiply(out_[t][n], a[t], b[0], b[1]);
                    multiply(out_[t][n + 1], a[t], b[2], b[3]);
                }
            }
        }
    }

    __device__ void store(int run) {
        float* const out = sums_.out;
        float* const maximum = sums_.maximum;
        float* const sum = sums_.sum;
        const int most = sums_.mostRuns;
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
#pragma unroll
            for (int part = 0; part < 2; ++part) {
                const int at = firstQuery_ + t * 16 + lane_ / 4 + part * 8;
                if (at >= queries_)
                    continue;
                const int64_t row = int64_t(head_ * queries_ + at) * most + run;
                float* const to = out + row * headDim_;
#pragma unroll
                for (int n = 0; n < kOut; ++n) {
                    const int column = warp_ * Shape::kOutColumns + n * 8 + lane_ % 4 * 2;
                    if (column < headDim_)
                        handOver(to + column,
                                 float2{out_[t][n][part * 2], out_[t][n][part * 2 + 1]});
                }
            }
            const int at = firstQuery_ + t * 16 + threadIdx.x / 16;
            if (threadIdx.x % 16 == 0 && at < queries_) {
                const int64_t row = int64_t(head_ * queries_ + at) * most + run;
                handOver(maximum + row, maximum_[t]);
                handOver(sum + row, sum_[t]);
            }
        }
    }

    static constexpr int kDepth = Shape::kScoreColumns / 16;
    static constexpr int kScores = Shape::kScoreKeys / 8;
    static constexpr int kOut = Shape::kOutColumns / 8;

    const AttentionProblem& p_;
    const RawRows& raw_;
    const RunSums& sums_;
    Shared& s_;
    // Copies: what stands in shared memory is read anew after every store.
    const int first_; // position of row 0
    const int headDim_, stride_, queries_, group_;
    const int capacity_, window_;
    const int warp_, lane_;

    int head_ = 0, firstQuery_ = 0;
    bool stores_ = false;
    const Bf16* keys_ = nullptr; // of the head
    const Bf16* values_ = nullptr;
    HeadWeights<kDim / 64> weights_; // of the queries
    uint32_t q_[kTiles][kDepth][4];
    int last_[kTiles]; // of query threadIdx.x / 16 of each piece, in all its 16 threads

    int begin_ = 0, end_ = 0, start_ = 0; // keys of the run; start_ on a multiple of the step
    int startSlot_ = 0;
    int steps_ = 0;
    float out_[kTiles][kOut][4];
    float maximum_[kTiles], sum_[kTiles]; // as last_
};

} // namespace lapidary::kernels::cuda
