#pragma once

// softmax(q kᵀ) v of a tile of queries over a range of keys, online, on bf16 tensor cores.
//
// The queries of one K/V head, rows × group of them, are packed into tiles of 16 · kTiles, so a key
// is read once for all heads that share it. Keys come kKeys at a time; steps begin at multiples of
// kKeys of the absolute position and masked keys count exactly nothing, so a query's bits depend on
// its own position alone.
//
//   scores   kKeys / 16 warps side by side, 16 keys each; the others below: at 64 × 64 a warp has
//            32 queries × 16 keys, four products for three loads of fragments
//   softmax  four threads a query; scores and weights go through shared memory
//   output   each warp holds kDim / 8 columns of all queries in registers:
//            64 queries × 64 columns = 128 registers a lane at kDim 512
//   memory   q, one step of K and one of V: (16 · kTiles + 2 · kKeys) · (kDim + 8) · 2 B;
//            V of a step is on its way while its scores are computed, K of the next one after that
#include "cuda/attention.h"
#include "cuda/head_size.h"
#include "cuda/tensor_core.cuh"

namespace lapidary::kernels::cuda {

constexpr int kAttentionThreads = 256;

/// Shared memory of a tile. kDim is headDim rounded up to a size that is compiled; the columns
/// beyond headDim are zero. Rows are padded by 16 bytes so that ldmatrix meets every bank once.
template <int kDim, int kTiles, int kKeys>
struct AttentionShared {
    static constexpr int kQueries = 16 * kTiles;
    static constexpr int kRow = kDim + 8;

    Bf16 q[kQueries][kRow];
    Bf16 k[kKeys][kRow];
    Bf16 v[kKeys][kRow];
    float scores[kQueries][kKeys + 8];
    Bf16 weights[kQueries][kKeys + 8];
    float maximum[kQueries]; // of scores · log2 e
    float sum[kQueries];
    float rescale[kQueries];
};

template <int kDim, int kTiles, int kKeys>
class AttentionTile {
public:
    using Shared = AttentionShared<kDim, kTiles, kKeys>;
    static constexpr int kQueries = Shared::kQueries;
    static constexpr int kColumns = kDim / 8 < 8 ? 8 : kDim / 8; // a warp's share of the output
    static constexpr int kColumnTiles = kColumns / 8;

    /// The queries [first, first + kQueries) of K/V head `head`.
    __device__ AttentionTile(const AttentionProblem& problem, const DeviceRuns& runs,
                             Shared& shared, int head, int first)
        : p_(problem)
        , runs_(runs)
        , s_(shared)
        , head_(head)
        , first_(first)
        , warp_(threadIdx.x / 32)
        , lane_(threadIdx.x % 32) {}

    /// Queries, zero beyond the last.
    __device__ void loadQueries() {
        constexpr int kPieces = kDim / 8;
        for (int i = threadIdx.x; i < kQueries * kPieces; i += kAttentionThreads) {
            const int query = i / kPieces, column = i % kPieces * 8;
            const int at = first_ + query;
            const bool valid = at < p_.queries() && column < p_.headDim;
            const Bf16* from = valid ? p_.q + queryOffset(at) + column : p_.q;
            copyAsync(&s_.q[query][column], from, valid);
        }
        for (int i = threadIdx.x; i < kQueries; i += kAttentionThreads) {
            s_.maximum[i] = -INFINITY;
            s_.sum[i] = 0;
        }
    }

    /// Walks the keys [begin, end); what a step holds outside of them is zero.
    __device__ void walk(int64_t begin, int64_t end) {
        begin_ = static_cast<int>(begin);
        end_ = static_cast<int>(end);
        loadQueries();
        const int start = begin_ / kKeys * kKeys;
        loadKeys(s_.k, p_.k, start);
        commitCopies();
        for (int key = start; key < end_; key += kKeys) {
            waitCopies<0>();
            __syncthreads();
            loadKeys(s_.v, p_.v, key);
            commitCopies();
            scoreKeys();
            __syncthreads();
            if (key + kKeys < end_)
                loadKeys(s_.k, p_.k, key + kKeys);
            commitCopies();
            weighKeys(key);
            waitCopies<1>(); // V is here; the next K may still be coming
            __syncthreads();
            addValues();
        }
        __syncthreads();
    }

    /// Calls put(query, column, value) with the sums of this thread, not yet divided.
    template <class Put>
    __device__ void each(Put put) const {
#pragma unroll
        for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
            for (int n = 0; n < kColumnTiles; ++n)
#pragma unroll
                for (int c = 0; c < 4; ++c) {
                    const int query = tile * 16 + lane_ / 4 + (c / 2) * 8;
                    const int column = warp_ * kColumns + n * 8 + lane_ % 4 * 2 + c % 2;
                    if (first_ + query < p_.queries() && column < p_.headDim && column < kDim)
                        put(query, column, out_[tile][n][c]);
                }
    }

    __device__ int64_t position(int query) const {
        return p_.firstPosition + (first_ + query) / p_.group();
    }

    /// Element of q and out where a packed query begins.
    __device__ int64_t queryOffset(int at) const {
        const int group = p_.group();
        return (int64_t(at / group) * p_.heads + head_ * group + at % group) * p_.headDim;
    }

private:
    __device__ void loadKeys(Bf16 (&to)[kKeys][Shared::kRow], const Bf16* from, int begin) {
        constexpr int kPieces = kDim / 8;
        const int capacity = static_cast<int>(p_.capacity);
        const int slots = begin % capacity;
        const int64_t stride = int64_t(p_.kvHeads) * p_.headDim;
        from += head_ * p_.headDim;
#pragma unroll 4
        for (int i = threadIdx.x; i < kKeys * kPieces; i += kAttentionThreads) {
            const int key = i / kPieces, column = i % kPieces * 8;
            const int position = begin + key;
            const bool valid = position >= begin_ && position < end_ && column < p_.headDim;
            int slot = slots + key;
            while (slot >= capacity)
                slot -= capacity;
            copyAsync(&to[key][column], from + (valid ? slot * stride + column : 0), valid);
        }
    }

    // scores = q kᵀ
    __device__ void scoreKeys() {
        constexpr int kAcross = kKeys / 16;                                    // warps side by side
        constexpr int kHigh = kTiles * kAcross > 8 ? kTiles * kAcross / 8 : 1; // tiles of a warp
        const int tile = warp_ / kAcross * kHigh, keys = warp_ % kAcross * 16;
        if (tile >= kTiles)
            return;
        float c[kHigh][2][4] = {};
#pragma unroll 4
        for (int d = 0; d < kDim; d += 16) {
            uint32_t a[kHigh][4], b[4];
            loadMatrix(b, &s_.k[keys + lane_ / 16 * 8 + lane_ % 8][d + lane_ / 8 % 2 * 8]);
#pragma unroll
            for (int t = 0; t < kHigh; ++t) {
                loadMatrix(a[t], &s_.q[(tile + t) * 16 + lane_ % 16][d + lane_ / 16 * 8]);
                multiply(c[t][0], a[t], b[0], b[1]);
                multiply(c[t][1], a[t], b[2], b[3]);
            }
        }
#pragma unroll
        for (int t = 0; t < kHigh; ++t)
#pragma unroll
            for (int n = 0; n < 2; ++n) {
                const int query = (tile + t) * 16 + lane_ / 4, key = keys + n * 8 + lane_ % 4 * 2;
                *reinterpret_cast<float2*>(&s_.scores[query][key]) = {c[t][n][0], c[t][n][1]};
                *reinterpret_cast<float2*>(&s_.scores[query + 8][key]) = {c[t][n][2], c[t][n][3]};
            }
    }

    __device__ bool visible(int position, int key) const {
        if (p_.window > 0 && key <= position - p_.window)
            return false;
        if (key <= position)
            return true;
        for (int r = 0; r < runs_.count; ++r)
            if (position >= runs_.at[r].begin && position < runs_.at[r].end)
                return key < runs_.at[r].end;
        return false;
    }

    // Scores become weights relative to the largest score so far; four threads a query, which take
    // turns of two keys.
    __device__ void weighKeys(int begin) {
        for (int task = threadIdx.x; task < kQueries * 4; task += kAttentionThreads) {
            const int query = task / 4, part = task % 4 * 2;
            const int at = static_cast<int>(position(query));
            const unsigned mates = 0xFU << (lane_ / 4 * 4);
            // Away from the edges of mask, window and keys there is nothing to ask.
            const bool all = begin + kKeys - 1 <= at && begin >= begin_ && begin + kKeys <= end_
                             && (p_.window == 0 || begin > at - p_.window);
            float2 score[kKeys / 8];
            const float before = s_.maximum[query];
            float largest = before;
#pragma unroll
            for (int i = 0; i < kKeys / 8; ++i) {
                score[i] = *reinterpret_cast<const float2*>(&s_.scores[query][part + 8 * i]);
                score[i].x *= kLog2E;
                score[i].y *= kLog2E;
                if (!all) {
                    const int key = begin + part + 8 * i;
                    if (key < begin_ || key >= end_ || !visible(at, key))
                        score[i].x = -INFINITY;
                    if (key + 1 < begin_ || key + 1 >= end_ || !visible(at, key + 1))
                        score[i].y = -INFINITY;
                }
                largest = fmaxf(largest, fmaxf(score[i].x, score[i].y));
            }
            largest = fmaxf(largest, __shfl_xor_sync(mates, largest, 1));
            largest = fmaxf(largest, __shfl_xor_sync(mates, largest, 2));
            // Where nothing is seen yet: 2^(−∞ − 0) is the zero that it shall be.
            const float base = largest == -INFINITY ? 0.0F : largest;
            float sum = 0;
#pragma unroll
            for (int i = 0; i < kKeys / 8; ++i) {
                // The sum is of what is multiplied: weights as bf16.
                const uint32_t bits =
                    packBits(exp2Fast(score[i].x - base), exp2Fast(score[i].y - base));
                *reinterpret_cast<uint32_t*>(&s_.weights[query][part + 8 * i]) = bits;
                sum += __uint_as_float(bits << 16) + __uint_as_float(bits & 0xFFFF0000U);
            }
            sum += __shfl_xor_sync(mates, sum, 1);
            sum += __shfl_xor_sync(mates, sum, 2);
            __syncwarp(mates); // all have read the maximum
            if (part == 0) {
                const float rescale = before == largest ? 1.0F : exp2Fast(before - base);
                s_.rescale[query] = rescale;
                s_.sum[query] = s_.sum[query] * rescale + sum;
                s_.maximum[query] = largest;
            }
        }
    }

    // out = out · rescale + weights v
    __device__ void addValues() {
        if (warp_ * kColumns >= kDim)
            return;
#pragma unroll
        for (int tile = 0; tile < kTiles; ++tile) {
            const float low = s_.rescale[tile * 16 + lane_ / 4],
                        high = s_.rescale[tile * 16 + lane_ / 4 + 8];
#pragma unroll
            for (int n = 0; n < kColumnTiles; ++n) {
                out_[tile][n][0] *= low;
                out_[tile][n][1] *= low;
                out_[tile][n][2] *= high;
                out_[tile][n][3] *= high;
            }
        }
#pragma unroll
        for (int k = 0; k < kKeys; k += 16) {
            uint32_t a[kTiles][4];
#pragma unroll
            for (int tile = 0; tile < kTiles; ++tile)
                loadMatrix(a[tile], &s_.weights[tile * 16 + lane_ % 16][k + lane_ / 16 * 8]);
#pragma unroll
            for (int n = 0; n < kColumnTiles; n += 2) {
                if constexpr (kColumnTiles == 1) { // heads of 64
                    uint32_t b[2];
                    loadMatrixTransposed(b, &s_.v[k + lane_ % 16][warp_ * kColumns]);
#pragma unroll
                    for (int tile = 0; tile < kTiles; ++tile)
                        multiply(out_[tile][0], a[tile], b);
                } else {
                    uint32_t b[4];
                    loadMatrixTransposed(
                        b, sharedAddress(
                               &s_.v[k + lane_ % 16][warp_ * kColumns + n * 8 + lane_ / 16 * 8]));
#pragma unroll
                    for (int tile = 0; tile < kTiles; ++tile) {
                        multiply(out_[tile][n], a[tile], b[0], b[1]);
                        multiply(out_[tile][n + 1], a[tile], b[2], b[3]);
                    }
                }
            }
        }
    }

    const AttentionProblem& p_;
    const DeviceRuns& runs_;
    Shared& s_;
    int head_, first_, warp_, lane_;
    int begin_ = 0, end_ = 0; // keys
    float out_[kTiles][kColumnTiles][4] = {};
};

} // namespace lapidary::kernels::cuda
