#pragma once

// softmax(q kᵀ) v of a tile of queries over a range of keys, online, on bf16 tensor cores.
//
// The queries of one K/V head, rows × group of them, are packed into tiles of 16 · kTiles, so a key
// is read once for all heads that share it. Keys come 32 at a time; steps begin at multiples of 32
// of the absolute position and masked keys count exactly nothing, so a query's bits depend on its
// own position alone.
//
//   scores   (16 · kTiles) × 32, spread over the eight warps, through shared memory
//   softmax  four threads a query
//   output   each warp holds kDim / 8 columns of all queries in registers:
//            64 queries × 64 columns = 128 registers a lane at kDim 512
//   memory   q, one step of K and one of V: (16 · kTiles + 64) · (kDim + 8) · 2 B;
//            V of a step is on its way while its scores are computed, K of the next one after that
#include "cuda/attention.h"
#include "cuda/head_size.h"
#include "cuda/tensor_core.cuh"

namespace lapidary::kernels::cuda {

constexpr int kAttentionThreads = 256;
constexpr int kKeys = 32;

/// Shared memory of a tile. kDim is headDim rounded up to a size that is compiled; the columns
/// beyond headDim are zero. Rows are padded by 16 bytes so that ldmatrix meets every bank once.
template <int kDim, int kTiles>
struct AttentionShared {
    static constexpr int kQueries = 16 * kTiles;
    static constexpr int kRow = kDim + 8;

    Bf16 q[kQueries][kRow];
    Bf16 k[kKeys][kRow];
    Bf16 v[kKeys][kRow];
    float scores[kQueries][kKeys + 1];
    Bf16 weights[kQueries][kKeys + 8];
    float maximum[kQueries];
    float sum[kQueries];
    float rescale[kQueries];
};

template <int kDim, int kTiles>
class AttentionTile {
public:
    using Shared = AttentionShared<kDim, kTiles>;
    static constexpr int kQueries = Shared::kQueries;
    static constexpr int kColumns = kDim / 8 < 8 ? 8 : kDim / 8; // a warp's share of the output
    static constexpr int kColumnTiles = kColumns / 8;

    /// The queries [first, first + kQueries) of K/V head `head`.
    __device__ AttentionTile(const AttentionProblem& problem, Shared& shared, int head, int first)
        : p_(problem)
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

    /// Walks the keys [begin, end); begin is a multiple of kKeys.
    __device__ void walk(int64_t begin, int64_t end) {
        loadQueries();
        loadKeys(s_.k, p_.k, begin, end);
        commitCopies();
        for (int64_t key = begin; key < end; key += kKeys) {
            waitCopies<0>();
            __syncthreads();
            loadKeys(s_.v, p_.v, key, end);
            commitCopies();
            scoreKeys();
            __syncthreads();
            if (key + kKeys < end)
                loadKeys(s_.k, p_.k, key + kKeys, end);
            commitCopies();
            weighKeys(key, end);
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
    __device__ void loadKeys(Bf16 (&to)[kKeys][Shared::kRow], const Bf16* from, int64_t begin,
                             int64_t end) {
        constexpr int kPieces = kDim / 8;
        for (int i = threadIdx.x; i < kKeys * kPieces; i += kAttentionThreads) {
            const int key = i / kPieces, column = i % kPieces * 8;
            const bool valid = begin + key < end && column < p_.headDim;
            const int64_t slot = valid ? (begin + key) % p_.capacity : 0;
            copyAsync(&to[key][column],
                      from + (slot * p_.kvHeads + head_) * p_.headDim + (valid ? column : 0),
                      valid);
        }
    }

    // scores = q kᵀ: kTiles × 4 pieces of 16 × 8, dealt to the warps.
    __device__ void scoreKeys() {
        for (int piece = warp_; piece < kTiles * 4; piece += 8) {
            const int tile = piece / 4, keys = piece % 4 * 8;
            float c[4] = {};
#pragma unroll 4
            for (int d = 0; d < kDim; d += 16) {
                uint32_t a[4], b[2];
                loadMatrix(a, &s_.q[tile * 16 + lane_ % 16][d + lane_ / 16 * 8]);
                loadMatrixPair(b, &s_.k[keys + lane_ % 8][d + lane_ / 8 % 2 * 8]);
                multiply(c, a, b);
            }
            const int query = tile * 16 + lane_ / 4, key = keys + lane_ % 4 * 2;
            s_.scores[query][key] = c[0];
            s_.scores[query][key + 1] = c[1];
            s_.scores[query + 8][key] = c[2];
            s_.scores[query + 8][key + 1] = c[3];
        }
    }

    __device__ bool visible(int64_t position, int64_t key) const {
        if (p_.window > 0 && key <= position - p_.window)
            return false;
        if (key <= position)
            return true;
        for (int r = 0; r < p_.runCount; ++r)
            if (position >= p_.runs[r].begin && position < p_.runs[r].end)
                return key < p_.runs[r].end;
        return false;
    }

    // Scores become weights relative to the largest score so far; four threads a query.
    __device__ void weighKeys(int64_t begin, int64_t end) {
        constexpr int kShare = kKeys / 4;
        for (int task = threadIdx.x; task < kQueries * 4; task += kAttentionThreads) {
            const int query = task / 4, part = task % 4 * kShare;
            const int64_t at = position(query);
            const unsigned mates = 0xFU << (lane_ / 4 * 4);
            float score[kShare];
            float largest = s_.maximum[query];
            const float before = largest;
#pragma unroll
            for (int i = 0; i < kShare; ++i) {
                const int64_t key = begin + part + i;
                score[i] = key < end && visible(at, key) ? s_.scores[query][part + i] : -INFINITY;
                largest = fmaxf(largest, score[i]);
            }
            largest = fmaxf(largest, __shfl_xor_sync(mates, largest, 1));
            largest = fmaxf(largest, __shfl_xor_sync(mates, largest, 2));
            float sum = 0;
#pragma unroll
            for (int i = 0; i < kShare; ++i) {
                const float weight = score[i] == -INFINITY ? 0.0F : __expf(score[i] - largest);
                // The sum is of what is multiplied: weights as bf16.
                const Bf16 bits = toBits(weight);
                s_.weights[query][part + i] = bits;
                sum += toFloat(bits);
            }
            sum += __shfl_xor_sync(mates, sum, 1);
            sum += __shfl_xor_sync(mates, sum, 2);
            if (part == 0) {
                const float rescale = before == -INFINITY ? 0.0F : __expf(before - largest);
                s_.rescale[query] = before == largest ? 1.0F : rescale;
                s_.sum[query] = s_.sum[query] * s_.rescale[query] + sum;
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
            for (int n = 0; n < kColumnTiles; ++n) {
                uint32_t b[2];
                loadMatrixTransposed(b, &s_.v[k + lane_ % 16][warp_ * kColumns + n * 8]);
#pragma unroll
                for (int tile = 0; tile < kTiles; ++tile)
                    multiply(out_[tile][n], a[tile], b);
            }
        }
    }

    const AttentionProblem& p_;
    Shared& s_;
    int head_, first_, warp_, lane_;
    float out_[kTiles][kColumnTiles][4] = {};
};

} // namespace lapidary::kernels::cuda
