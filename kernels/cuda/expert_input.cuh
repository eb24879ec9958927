#pragma once

// What the experts multiply: x, normed where it is not yet, and the activated rows; quantised where
// the format asks for it.
#include "cuda/expert_tiles.cuh"
#include "cuda/norm_phase.cuh"

namespace lapidary::kernels::cuda {

/// Eight bf16 numbers.
struct EightHalves {
    uint32_t words[4];

    __device__ static EightHalves load(const Bf16* from) {
        const uint4 four = *reinterpret_cast<const uint4*>(from);
        return {{four.x, four.y, four.z, four.w}};
    }
    __device__ static EightHalves of(const Vector& x) {
        EightHalves halves;
#pragma unroll
        for (int i = 0; i < 4; ++i)
            halves.words[i] = packBits(x.v[2 * i], x.v[2 * i + 1]);
        return halves;
    }
    __device__ float largest() const {
        float largest = 0;
#pragma unroll
        for (const uint32_t pair : words)
            largest = fmaxf(largest, fmaxf(fabsf(__uint_as_float(pair << 16)),
                                           fabsf(__uint_as_float(pair & 0xFFFF0000U))));
        return largest;
    }
    /// As numbers 8 i … of `input`.
    template <ProductFormat kFormat>
    __device__ void put(uint4* input, int i, const InputScale& scale) const {
        if constexpr (kFormat == ProductFormat::Fp8)
            reinterpret_cast<uint2*>(input)[i] = {scale.quantise(words[0], words[1]),
                                                  scale.quantise(words[2], words[3])};
        else
            input[i] = {words[0], words[1], words[2], words[3]};
    }
};

/// A row of x for all workers, who find it there afterwards.
template <ProductFormat kFormat, int kAhead>
__device__ __forceinline__ void stageInput(const ExpertPhase& phase, int row,
                                           ExpertShared<kAhead>& shared) {
    constexpr int kVectors = static_cast<int>(kWidestExpertInput) / 8 / kWorkers;
    const int width = static_cast<int>(phase.problem.hidden);
    const Bf16* const from = phase.problem.x + int64_t(row) * width;
    EightHalves x[kVectors] = {};
    const auto place = [](int j) { return j * kWorkers + static_cast<int>(threadIdx.x); };
#pragma unroll
    for (int j = 0; j < kVectors; ++j)
        if (place(j) * 8 < width)
            x[j] = EightHalves::load(from + place(j) * 8);
    workerSync(); // the row before is no longer read
    if (phase.norm != nullptr) {
        Vector values[kVectors];
        float squares = 0;
#pragma unroll
        for (int j = 0; j < kVectors; ++j) {
            values[j] = Vector::of({x[j].words[0], x[j].words[1], x[j].words[2], x[j].words[3]});
            squares += values[j].squares();
        }
        const float sum =
            foldWarps(shared.folds[0], warpSum(squares), [](float a, float b) { return a + b; });
        const float scale = rsqrtf(sum / static_cast<float>(width) + phase.epsilon);
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            if (place(j) * 8 < width) {
                const Vector norm = Vector::load(phase.norm + place(j) * 8);
#pragma unroll
                for (int e = 0; e < 8; ++e)
                    values[j].v[e] = values[j].v[e] * scale * norm.v[e];
                x[j] = EightHalves::of(values[j]);
            }
    }
    InputScale scale{1, 1};
    if constexpr (kFormat == ProductFormat::Fp8) {
        float largest = 0;
#pragma unroll
        for (int j = 0; j < kVectors; ++j)
            largest = fmaxf(largest, x[j].largest());
        scale = InputScale::of(foldWarps(shared.folds[1], warpMax(largest),
                                         [](float a, float b) { return fmaxf(a, b); }));
    }
#pragma unroll
    for (int j = 0; j < kVectors; ++j)
        if (place(j) * 8 < width)
            x[j].template put<kFormat>(shared.input, place(j), scale);
    if (threadIdx.x == 0)
        shared.inputScales[0] = scale.scale;
    workerSync();
}

/// Some numbers at a time by one warp: `use` is given place and numbers.
template <class Use>
__device__ __forceinline__ void forEights(const Bf16* from, int eights, const Use& use) {
    constexpr int kAtOnce = 4; // loads of a lane
#pragma unroll 1
    for (int begin = static_cast<int>(threadIdx.x) % 32; begin < eights; begin += 32 * kAtOnce) {
        EightHalves x[kAtOnce];
#pragma unroll
        for (int i = 0; i < kAtOnce; ++i)
            if (begin + 32 * i < eights)
                x[i] = EightHalves::load(from + (begin + 32 * i) * 8);
#pragma unroll
        for (int i = 0; i < kAtOnce; ++i)
            if (begin + 32 * i < eights)
                use(begin + 32 * i, x[i]);
    }
}

/// The activated rows of those experts of a row that fall to this warp, for the warp itself.
template <ProductFormat kFormat, int kAhead>
__device__ __forceinline__ void stageActivated(const ExpertPhase& phase, int row,
                                               ExpertShared<kAhead>& shared) {
    const ExpertProblem& p = phase.problem;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int eights = static_cast<int>(p.width) / 8;
    __syncwarp(); // the row before is no longer read
#pragma unroll 1
    for (int rank = static_cast<int>(threadIdx.x) / 32; rank < p.topK; rank += kSkinnyWarps) {
        const Bf16* const from = phase.activated + (int64_t(row) * p.topK + rank) * p.width;
        InputScale scale{1, 1};
        if constexpr (kFormat == ProductFormat::Fp8) {
            float largest = 0;
            forEights(from, eights,
                      [&](int, const EightHalves& x) { largest = fmaxf(largest, x.largest()); });
            scale = InputScale::of(warpMax(largest));
        }
        forEights(from, eights, [&](int i, const EightHalves& x) {
            x.template put<kFormat>(shared.input, rank * eights + i, scale);
        });
        if (lane == 0)
            shared.inputScales[rank] = scale.scale;
    }
    __syncwarp();
}

} // namespace lapidary::kernels::cuda
