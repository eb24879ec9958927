// A head read in 8 bits: what it says of 1 to 16 rows, and how far that is from the exact logits.
//
// The weights are the A operand of the MMA, the rows of x its eight columns; rows 9 to 16 are a
// second set of columns. Sums are of whole numbers and lose nothing, so they depend neither on
// their order nor on what is beside them. Limit: reading the codes once. A warp computes tiles of
// 32 tokens, one after another in memory, and has the next two steps on their way, 64 KiB a
// multiprocessor; four lose 1 % for want of registers. What it reads of x, two digits a number,
// comes out of the L1.
#include "assert.h"
#include "cuda/coarse_head.h"
#include "cuda/device_math.cuh"

namespace lapidary::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kBlocks = 2; // a multiprocessor
constexpr int kAhead = 2;  // steps on their way
constexpr int kStepColumns = 64;
constexpr int kStepChunks = 4 * 32; // of 16 bytes, of a tile

__device__ __forceinline__ float numberOf(const uint4& eight, int i) {
    const uint32_t pair = i < 2 ? eight.x : i < 4 ? eight.y : i < 6 ? eight.z : eight.w;
    return __uint_as_float(i % 2 == 0 ? pair << 16 : pair & 0xFFFF0000U);
}

/// The largest magnitude; infinite where one is NaN.
__device__ __forceinline__ float largestOf(const uint4& eight) {
    float largest = 0;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const float number = numberOf(eight, i);
        largest = fmaxf(largest, isnan(number) ? INFINITY : fabsf(number));
    }
    return largest;
}

/// Numbers beyond the row are zero.
__device__ __forceinline__ uint4 eightAt(const Bf16* row, int column, int columns) {
    return column < columns ? *reinterpret_cast<const uint4*>(row + column) : uint4{};
}

// A block a tile, a warp four of its tokens, a lane 16 columns of each at a time.
__global__ void __launch_bounds__(kThreads)
    coarsenKernel(const Bf16* w, const __grid_constant__ CoarseMatrix to) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int steps = to.steps();
    uint4* const tile = to.codes + int64_t(blockIdx.x) * steps * kStepChunks;
    for (int channel = warp; channel < 32; channel += kWarps) {
        const int64_t token = int64_t(blockIdx.x) * 32 + channel;
        const int columns = token < to.vocabulary ? to.columns : 0;
        const Bf16* const row = w + (columns > 0 ? token : 0) * to.columns;
        float largest = 0;
        for (int column = lane * 8; column < columns; column += 32 * 8)
            largest = fmaxf(largest, largestOf(eightAt(row, column, columns)));
        largest = warpMax(largest);
        const float scale = codeScale(largest);
        float errors = 0, squares = 0;
        for (int chunk = lane; chunk < steps * 4; chunk += 32) {
            uint32_t words[4] = {};
            for (int half = 0; half < 2; ++half) {
                const uint4 eight = eightAt(row, chunk * 16 + half * 8, columns);
#pragma unroll
                for (int i = 0; i < 8; ++i) {
                    const float units = inUnits(numberOf(eight, i), scale);
                    const int code = codeOf(units);
                    const float error = units - static_cast<float>(code);
                    errors += error * error;
                    squares += units * units;
                    words[half * 2 + i / 4] |= uint32_t(code & 255) << i % 4 * 8;
                }
            }
            // chunk div 4 is the step, chunk mod 4 the lane's t
            tile[chunk / 4 * kStepChunks + channel / 8 * 32 + channel % 8 * 4 + chunk % 4] = {
                words[0], words[1], words[2], words[3]};
        }
        errors = warpSum(errors);
        squares = warpSum(squares);
        if (lane == 0)
            to.rows[token] = coarseRow(largest, errors, squares);
    }
}

/// The sum over a block, once in the code: a step meets this kernel cold, and fetching
/// instructions costs it more than running them.
__device__ __noinline__ float sumOfBlock(float value) {
    return blockSum<kThreads>(value);
}

// A block a row of x, those that fill up an operand included.
__global__ void __launch_bounds__(kThreads)
    digitsKernel(const __grid_constant__ EstimateProblem p) {
    const int row = static_cast<int>(blockIdx.x);
    const int columns = row < p.rows ? p.w.columns : 0;
    const int filled = p.w.steps() * kStepColumns;
    const Bf16* const x = p.x + int64_t(row) * columns;
    float largest = 0;
#pragma unroll 4
    for (int c = static_cast<int>(threadIdx.x); c < columns; c += kThreads) {
        const float number = toFloat(x[c]);
        largest = fmaxf(largest, isnan(number) ? INFINITY : fabsf(number));
    }
    largest = blockMax<kThreads>(largest);
    const float inverse = digitUnits(largest);

    // A word of each digit: four columns, which stand one after another as chunks have them.
    auto* const words = reinterpret_cast<uint32_t*>(p.digits) + row / 8 * filled * 4;
    InputSums sums;
#pragma unroll 1
    for (int word = static_cast<int>(threadIdx.x); word < filled / 4; word += kThreads) {
        uint32_t high = 0, low = 0;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int c = word * 4 + i;
            const float unit = c < columns ? toFloat(x[c]) * inverse : 0;
            const Digits digits = digitsOf(unit);
            const float left = unit - static_cast<float>(128 * digits.high + digits.low);
            sums.squares += unit * unit;
            sums.remainders += left * left;
            high |= uint32_t(digits.high & 255) << i * 8;
            low |= uint32_t(digits.low & 255) << i * 8;
        }
        const int step = word / 16, of = row % 8 * 16 + word % 16;
        words[step * 256 + of] = high;
        words[step * 256 + 128 + of] = low;
    }
    if (columns == 0) // the whole block
        return;
    sums.squares = sumOfBlock(sums.squares);
    sums.remainders = sumOfBlock(sums.remainders);
    // What stands out above the rest raises the measure for what stands out.
    sums.evenSquares = sums.squares;
#pragma unroll 1
    for (int round = 0; round < 2; ++round) {
        const float from = outlyingFrom(sums.evenSquares, columns);
        float squares = 0, magnitudes = 0;
#pragma unroll 4
        for (int c = static_cast<int>(threadIdx.x); c < columns; c += kThreads) {
            const float unit = fabsf(toFloat(x[c]) * inverse);
            squares += unit > from ? 0.0F : unit * unit;
            magnitudes += unit > from ? unit : 0.0F;
        }
        sums.evenSquares = sumOfBlock(squares);
        sums.outlying = sumOfBlock(magnitudes);
    }
    if (threadIdx.x == 0)
        *RowBounds(p.bounds, p.w.vocabulary, row).input = coarseInput(largest, columns, sums);
}

/// c += A B of m16n8k32 in whole numbers.
__device__ __forceinline__ void multiplyCodes(int (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                              uint32_t a3, uint32_t b0, uint32_t b1) {
    asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, "
        "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

/// A lane's 16 columns of channels g and g + 8 with those of a row. A sum may take its columns in
/// any order as long as both operands take the same.
__device__ __forceinline__ void multiplyChunks(int (&c)[4], const uint4& low, const uint4& high,
                                               const uint4& x) {
    multiplyCodes(c, low.x, high.x, low.y, high.y, x.x, x.y);
    multiplyCodes(c, low.z, high.z, low.w, high.w, x.z, x.w);
}

/// Weights pass through once: do not let them push anything out.
class CodeReader {
public:
    __device__ CodeReader() {
        asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy_));
    }
    __device__ __forceinline__ uint4 read(const uint4* from) const {
        uint4 v;
        asm volatile("ld.global.nc.L1::no_allocate.L2::cache_hint.v4.u32 {%0,%1,%2,%3}, [%4], %5;"
                     : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                     : "l"(from), "l"(policy_));
        return v;
    }

private:
    uint64_t policy_ = 0;
};

/// Of a tile: [half of its tokens][digit][set of rows][as an MMA leaves them].
template <int kSets>
struct TileSums {
    int c[2][2][kSets][4] = {};

    __device__ __forceinline__ void add(const uint4 (&codes)[4],
                                        const uint4* digits) { // of the step, of the lane
#pragma unroll
        for (int set = 0; set < kSets; ++set, digits += stride)
#pragma unroll
            for (int digit = 0; digit < 2; ++digit) {
                const uint4 x = digits[digit * 32];
#pragma unroll
                for (int a = 0; a < 2; ++a)
                    multiplyChunks(c[a][digit][set], codes[2 * a], codes[2 * a + 1], x);
            }
    }
    int64_t stride; ///< of sets, in chunks
};

/// Fragment c: channel g holds c0 (row 2t), c1 (2t + 1); channel g + 8 holds c2, c3.
template <int kSets>
__device__ __forceinline__ void leaveTile(const EstimateProblem& p, int tile,
                                          const TileSums<kSets>& sums) {
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
    CoarseRow tokens[2][2];
#pragma unroll
    for (int a = 0; a < 2; ++a)
#pragma unroll
        for (int h = 0; h < 2; ++h)
            tokens[a][h] = p.w.rows[tile * 32 + a * 16 + h * 8 + g];
#pragma unroll
    for (int set = 0; set < kSets; ++set)
#pragma unroll
        for (int j = 0; j < 2; ++j) {
            const int row = set * 8 + 2 * t + j;
            const bool there = row < p.rows;
            const RowBounds bounds(p.bounds, p.w.vocabulary, there ? row : 0);
            const CoarseInput x = *bounds.input;
            float reached = -INFINITY, possible = -INFINITY;
#pragma unroll
            for (int a = 0; a < 2; ++a)
#pragma unroll
                for (int h = 0; h < 2; ++h) {
                    const int token = tile * 32 + a * 16 + h * 8 + g;
                    const float logit = estimateOf(sums.c[a][0][set][2 * h + j],
                                                   sums.c[a][1][set][2 * h + j], x, tokens[a][h]);
                    const float error = errorOf(x, tokens[a][h]);
                    if (token >= p.w.vocabulary)
                        continue;
                    reached = fmaxf(reached, logit - error);
                    possible = fmaxf(possible, logit + error);
                    if (there)
                        p.logits[row * p.w.vocabulary + token] = logit;
                }
#pragma unroll
            for (int offset = 4; offset < 32; offset *= 2) {
                reached = fmaxf(reached, __shfl_xor_sync(~0U, reached, offset));
                possible = fmaxf(possible, __shfl_xor_sync(~0U, possible, offset));
            }
            if (g == 0 && there) {
                bounds.reached[tile] = reached;
                bounds.possible[tile] = possible;
            }
        }
}

template <int kSets>
__global__ void __launch_bounds__(kThreads, kBlocks)
    estimateKernel(const __grid_constant__ EstimateProblem p) {
    const int lane = threadIdx.x % 32;
    const int steps = p.w.steps();
    // Blocks, and in them warps, share the tiles as evenly as whole tiles allow.
    const auto tiles = static_cast<unsigned>(p.w.tiles());
    const unsigned first = tiles * blockIdx.x / gridDim.x;
    const unsigned ofBlock = tiles * (blockIdx.x + 1) / gridDim.x - first;
    const unsigned warp = threadIdx.x / 32;
    const unsigned begin = first + ofBlock * warp / kWarps;
    const unsigned end = first + ofBlock * (warp + 1) / kWarps;
    if (begin == end)
        return;
    const CodeReader reader;
    const uint4* from = p.w.codes + int64_t(begin) * steps * kStepChunks + lane;
    const uint4* const last = p.w.codes + int64_t(end) * steps * kStepChunks;
    uint4 codes[kAhead][4];
#pragma unroll
    for (int step = 0; step < kAhead; ++step)
#pragma unroll
        for (int i = 0; i < 4; ++i)
            codes[step][i] = reader.read(from + step * kStepChunks + i * 32);
    from += kAhead * kStepChunks;
#pragma unroll 1
    for (unsigned tile = begin; tile < end; ++tile) {
        TileSums<kSets> sums;
        sums.stride = int64_t(steps) * 64;
        const uint4* digits = p.digits + lane;
#pragma unroll 1
        for (int step = 0; step < steps; step += kAhead) {
            const bool more = from < last;
#pragma unroll
            for (int s = 0; s < kAhead; ++s, digits += 64) {
                sums.add(codes[s], digits);
                if (more)
#pragma unroll
                    for (int i = 0; i < 4; ++i)
                        codes[s][i] = reader.read(from + s * kStepChunks + i * 32);
            }
            from += kAhead * kStepChunks;
        }
        leaveTile(p, static_cast<int>(tile), sums);
    }
}

} // namespace

void coarsen(const Bf16* w, const CoarseMatrix& to, cudaStream_t stream) {
    static_assert(sizeof(CoarseRow) == 16 && kCoarseColumns % (kAhead * kStepColumns) == 0);
    coarsenKernel<<<static_cast<unsigned>(to.tiles()), kThreads, 0, stream>>>(w, to);
}

std::size_t digitBytes(const CoarseMatrix& w, int rows) {
    const int sets = (rows + 7) / 8;
    return static_cast<std::size_t>(sets) * 8 * 2 * static_cast<std::size_t>(w.steps())
           * kStepColumns;
}

void estimate(const EstimateProblem& problem, cudaStream_t stream) {
    LAPIDARY_ASSERT(problem.rows > 0 && problem.rows <= 16);
    const int sets = (problem.rows + 7) / 8;
    // In the ordinary way: started early, beside what is still there of the kernels before, the
    // head took 90 µs more on an H200 at the end of a step of 4.7 ms.
    digitsKernel<<<static_cast<unsigned>(sets * 8), kThreads, 0, stream>>>(problem);
    const auto kernel = sets == 1 ? estimateKernel<1> : estimateKernel<2>;
    kernel<<<static_cast<unsigned>(problem.multiprocessors * kBlocks), kThreads, 0, stream>>>(
        problem);
}

} // namespace lapidary::kernels::cuda
