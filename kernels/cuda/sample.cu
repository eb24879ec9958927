// Drawing the next token: a block a row.
//
// The topK best are found without sorting the vocabulary. Every token has a key that orders by
// logit and then by lower id, so no two keys are equal; eight bits a pass, the highest first, a
// histogram tells which bin holds the topK-th key. Passes end when all of a bin is wanted, which
// without ties is after three or four of the eight.
#include "cuda/device_math.cuh"
#include "cuda/sample.h"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 1024;

// Logits as integers of the same order; what is no number comes last.
__device__ uint64_t rankKey(float logit, int64_t id) {
    if (isnan(logit))
        logit = -INFINITY;
    const uint32_t bits = __float_as_uint(logit == 0 ? 0.0F : logit);
    const uint32_t ordered = bits & 0x80000000U ? ~bits : bits | 0x80000000U;
    return uint64_t(ordered) << 32 | (0xFFFFFFFFU - static_cast<uint32_t>(id));
}

__device__ float logitOf(uint64_t key) {
    const auto ordered = static_cast<uint32_t>(key >> 32);
    return __uint_as_float(ordered & 0x80000000U ? ordered & 0x7FFFFFFFU : ~ordered);
}

__device__ int32_t tokenOf(uint64_t key) {
    return static_cast<int32_t>(0xFFFFFFFFU - static_cast<uint32_t>(key));
}

__device__ void adjust(const SampleProblem& p, float* logits) {
    const float penalty = p.sampling.repetitionPenalty;
    if (penalty != 1.0F)
        for (int i = threadIdx.x; i < p.seenCount; i += kThreads) {
            float& logit = logits[p.seen[i]];
            logit = logit > 0 ? logit / penalty : logit * penalty;
        }
    __syncthreads();
    for (int i = threadIdx.x; i < p.bannedCount; i += kThreads)
        logits[p.banned[i]] = -INFINITY;
    __syncthreads();
}

// Calls take(key) for the keys of all tokens that fall to a thread. One block reads a row: it keeps
// many bytes on their way.
template <class Take>
__device__ void eachKey(const SampleProblem& p, const float* logits, Take take) {
    constexpr int kAhead = 8;
    const int64_t vectors = p.vocabulary % 4 == 0 ? p.vocabulary / 4 : 0;
    const auto* const fours = reinterpret_cast<const float4*>(logits);
    for (int64_t begin = threadIdx.x; begin < vectors; begin += kAhead * kThreads) {
        float4 four[kAhead];
#pragma unroll
        for (int i = 0; i < kAhead; ++i)
            if (begin + i * kThreads < vectors)
                four[i] = fours[begin + i * kThreads];
#pragma unroll
        for (int i = 0; i < kAhead; ++i) {
            const int64_t id = (begin + i * kThreads) * 4;
            if (id >= vectors * 4)
                break;
            take(rankKey(four[i].x, id));
            take(rankKey(four[i].y, id + 1));
            take(rankKey(four[i].z, id + 2));
            take(rankKey(four[i].w, id + 3));
        }
    }
    for (int64_t id = vectors * 4 + threadIdx.x; id < p.vocabulary; id += kThreads)
        take(rankKey(logits[id], id));
}

__device__ uint64_t largestKey(const SampleProblem& p, const float* logits) {
    __shared__ uint64_t best[kThreads];
    uint64_t mine = 0;
    eachKey(p, logits, [&](uint64_t key) { mine = max(mine, key); });
    best[threadIdx.x] = mine;
    for (int half = kThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            best[threadIdx.x] = max(best[threadIdx.x], best[threadIdx.x + half]);
    }
    __syncthreads();
    return best[0];
}

// The smallest of the `wanted` largest keys.
__device__ uint64_t thresholdKey(const SampleProblem& p, const float* logits, int wanted) {
    __shared__ int histogram[256];
    __shared__ uint64_t prefix;
    __shared__ int left;
    __shared__ bool done;
    if (threadIdx.x == 0) {
        prefix = 0;
        left = wanted;
        done = false;
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
        if (threadIdx.x < 256)
            histogram[threadIdx.x] = 0;
        __syncthreads();
        const uint64_t above = shift == 56 ? 0 : prefix >> (shift + 8);
        eachKey(p, logits, [&](uint64_t key) {
            if (shift == 56 || key >> (shift + 8) == above)
                atomicAdd(&histogram[key >> shift & 255], 1);
        });
        __syncthreads();
        if (threadIdx.x == 0) {
            int bin = 255;
            while (histogram[bin] < left)
                left -= histogram[bin--];
            prefix |= uint64_t(bin) << shift;
            done = histogram[bin] == left;
        }
        __syncthreads();
        if (done)
            break;
    }
    return prefix;
}

// All keys from the threshold on, sorted, the largest first. Returns how many.
__device__ int collect(const SampleProblem& p, const float* logits, uint64_t threshold,
                       uint64_t* keys) {
    __shared__ int count;
    if (threadIdx.x == 0)
        count = 0;
    keys[threadIdx.x] = 0;
    __syncthreads();
    eachKey(p, logits, [&](uint64_t key) {
        if (key >= threshold)
            keys[atomicAdd(&count, 1)] = key;
    });
    // Bitonic; the keys differ, so the order in which they arrived is gone.
    for (int size = 2; size <= kMostCandidates; size *= 2)
        for (int stride = size / 2; stride > 0; stride /= 2) {
            __syncthreads();
            const int i = threadIdx.x, mate = i ^ stride;
            if (mate > i && (keys[i] < keys[mate]) == ((i & size) == 0)) {
                const uint64_t swapped = keys[i];
                keys[i] = keys[mate];
                keys[mate] = swapped;
            }
        }
    __syncthreads();
    return count;
}

// See drawOf in cpu/operations/sample.cpp: both speak of the same numbers.
__device__ double drawOf(uint64_t seed, int64_t position) {
    const auto mix = [](uint64_t z) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    };
    const uint64_t bits = mix(mix(seed + 0x9E3779B97F4A7C15U)
                              + static_cast<uint64_t>(position) * 0x9E3779B97F4A7C15U);
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

__device__ int32_t draw(const Sampling& sampling, const uint64_t* keys, int count, double number) {
    __shared__ double weights[kMostCandidates];
    const double largest = logitOf(keys[0]);
    for (int i = threadIdx.x; i < count; i += kThreads)
        weights[i] = i == 0 ? 1.0
                            : exp((static_cast<double>(logitOf(keys[i])) - largest)
                                  / static_cast<double>(sampling.temperature));
    __syncthreads();
    double total = 0;
    for (int i = 0; i < count; ++i)
        total += weights[i];
    const double wanted = static_cast<double>(sampling.topP) * total;
    int kept = 0;
    double keptWeight = 0;
    while (kept < count && weights[kept] > 0
           && (kept == 0 || sampling.topP >= 1 || keptWeight < wanted)
           && weights[kept] >= static_cast<double>(sampling.minP))
        keptWeight += weights[kept++];
    double rest = number * keptWeight;
    for (int i = 0; i + 1 < kept; ++i) {
        rest -= weights[i];
        if (rest < 0)
            return tokenOf(keys[i]);
    }
    return tokenOf(keys[max(kept, 1) - 1]);
}

__global__ void __launch_bounds__(kThreads) sampleKernel(const __grid_constant__ SampleProblem p) {
    __shared__ uint64_t keys[kMostCandidates];
    float* logits = p.logits + blockIdx.x * p.vocabulary;
    adjust(p, logits);
    int32_t token = 0;
    if (p.sampling.temperature <= 0) {
        token = tokenOf(largestKey(p, logits));
    } else {
        const int wanted = static_cast<int>(min(int64_t(p.sampling.topK), p.vocabulary));
        const int count = collect(p, logits, thresholdKey(p, logits, wanted), keys);
        token =
            draw(p.sampling, keys, count, drawOf(p.sampling.seed, p.firstPosition + blockIdx.x));
    }
    if (threadIdx.x == 0)
        p.tokens[blockIdx.x] = token;
}

} // namespace

void sample(const SampleProblem& problem, cudaStream_t stream) {
    sampleKernel<<<static_cast<unsigned>(problem.rows), kThreads, 0, stream>>>(problem);
}

} // namespace lapidary::kernels::cuda
