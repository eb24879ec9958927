// What the CPU operations reach, as ratios to what the machine gave in the same run: decode against
// a plain read loop over the same bytes on as many threads, products against multiply-adds that
// stay in registers. Each figure is the best of several rounds, in which ours and the limit
// alternate, so that a machine with other work to do spoils both alike.

#include "backend.h"
#include "cpu/cpu_backend.h"
#include "cpu/processor.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace lapidary::kernels {

namespace {

/// On one thread the time that the processor gave us, which other programs do not lengthen;
/// on more the time of the clock on the wall.
int threadsInUse = 1;

double now() {
    timespec time{};
    clock_gettime(threadsInUse == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double secondsOf(const std::function<void()>& work) {
    const double begin = now();
    work();
    return now() - begin;
}

double bestOf(int rounds, const std::function<void()>& work) {
    double best = 1e9;
    for (int round = 0; round < rounds; ++round)
        best = std::min(best, secondsOf(work));
    return best;
}

const char* nameOf(WeightFormat format) {
    return format == WeightFormat::Fp8 ? "fp8" : "bf16";
}

/// In bf16, or quantised with its inputs.
Weight randomWeight(Backend& backend, std::int64_t rows, std::int64_t columns,
                    std::int64_t experts = 1, WeightFormat as = WeightFormat::BF16) {
    const auto count = static_cast<std::size_t>(experts * rows * columns);
    auto numbers = std::make_shared<std::vector<std::uint16_t>>(count);
    std::uint32_t state = 12345;
    for (std::uint16_t& number : *numbers) {
        state = state * 1664525U + 1013904223U;
        // Signs and mantissas at random, magnitudes around 1/64.
        number = static_cast<std::uint16_t>(0x3C00U | (state >> 16 & 0x80FFU));
    }
    return *backend.pack({.format = WeightFormat::BF16,
                          .experts = experts,
                          .rows = rows,
                          .columns = columns,
                          .data = std::as_bytes(std::span(*numbers)),
                          .owner = numbers},
                         as);
}

struct Floats {
    std::vector<float> numbers;
    Tensor tensor;

    explicit Floats(std::initializer_list<std::int64_t> shape)
        : tensor(nullptr, DType::F32, shape) {
        numbers.resize(static_cast<std::size_t>(tensor.elements()));
        std::mt19937 random(1);
        std::normal_distribution<float> normal;
        for (float& number : numbers)
            number = normal(random);
        tensor.data = numbers.data();
    }
};

/// Sums the words of a part of memory for each thread. Four independent sums, so that the
/// compiler's vectors wait for memory alone.
double readLoop(std::span<const std::byte> bytes, int threads) {
    std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads) * 8);
    const auto words = reinterpret_cast<const std::uint64_t*>(bytes.data());
    const std::size_t share = bytes.size() / 8 / static_cast<std::size_t>(threads) / 32 * 32;
    const auto readShare = [&](std::size_t thread) {
        std::uint64_t lanes[32] = {};
        const std::uint64_t* const from = words + thread * share;
        for (std::size_t i = 0; i < share; i += 32)
            for (std::size_t lane = 0; lane < 32; ++lane)
                lanes[lane] += from[i + lane];
        for (const std::uint64_t lane : lanes)
            sums[thread * 8] += lane;
    };
    const double seconds = secondsOf([&] {
        std::vector<std::jthread> helpers;
        for (int thread = 1; thread < threads; ++thread)
            helpers.emplace_back([&, thread] { readShare(static_cast<std::size_t>(thread)); });
        readShare(0);
    });
    // The sum must be computed for somebody.
    if (sums[0] == 42)
        std::puts("");
    return static_cast<double>(share * 8 * static_cast<std::size_t>(threads)) / seconds;
}

void decodeBandwidth(Backend& backend, int threads, WeightFormat format) {
    struct Layer {
        Weight gate, up, down, q, k, v, o;
    };
    // 12B at its true widths: two layers are 0.9 GB, far more than any cache.
    std::vector<Layer> layers;
    std::size_t bytes = 0;
    const auto add = [&](std::int64_t rows, std::int64_t columns) {
        bytes += static_cast<std::size_t>(rows * columns) * elementSize(format);
        return randomWeight(backend, rows, columns, 1, format);
    };
    for (int l = 0; l < 2; ++l)
        layers.push_back({.gate = add(15360, 3840),
                          .up = add(15360, 3840),
                          .down = add(3840, 15360),
                          .q = add(4096, 3840),
                          .k = add(2048, 3840),
                          .v = add(2048, 3840),
                          .o = add(3840, 4096)});
    std::vector<std::byte> plain(bytes, std::byte{1});
    for (const std::int64_t rows : {1, 2, 4, 8, 16}) {
        Floats x({rows, 3840});
        Floats y({rows, 3840});
        Floats q({rows, 4096});
        Floats k({rows, 2048});
        Floats scratch({2 * rows, 15360});
        double best = 1e9;
        double limit = 0;
        double bestRatio = 0;
        for (int round = 0; round < 7; ++round) {
            const double read = readLoop(plain, threads);
            const double seconds = secondsOf([&] {
                for (const Layer& layer : layers) {
                    backend.linear(layer.q, x.tensor, q.tensor);
                    backend.linear(layer.k, x.tensor, k.tensor);
                    backend.linear(layer.v, x.tensor, k.tensor);
                    backend.linear(layer.o, q.tensor, y.tensor);
                    backend.gatedMlp({.gate = layer.gate,
                                      .up = layer.up,
                                      .down = layer.down,
                                      .x = x.tensor,
                                      .y = y.tensor,
                                      .scratch = scratch.tensor});
                }
            });
            best = std::min(best, seconds);
            limit = std::max(limit, read);
            bestRatio = std::max(bestRatio, static_cast<double>(bytes) / seconds / read);
        }
        const double reached = static_cast<double>(bytes) / best;
        std::printf(
            "12B layers, %4s, %2lld rows %6.1f GB/s of %6.1f GB/s read: %3.0f %% best of best, "
            "%3.0f %% best pair\n",
            nameOf(format), static_cast<long long>(rows), reached / 1e9, limit / 1e9,
            100 * reached / limit, 100 * bestRatio);
    }
}

/// Multiply-adds that depend on nothing but registers: 12 sums of 16 lanes.
double peakFlops(int threads) {
    constexpr int kRounds = 2000000;
    constexpr int kSums = 12;
    using Lanes [[gnu::vector_size(64)]] = float;
    const auto spin = [] {
        Lanes sums[kSums] = {};
        for (int i = 0; i < kSums; ++i)
            sums[i] += static_cast<float>(i);
        const Lanes factor = Lanes{} + 0.999F;
#pragma GCC unroll 1
        for (int round = 0; round < kRounds; ++round)
#pragma GCC unroll 12
            for (Lanes& sum : sums)
                sum = sum * factor + factor;
        volatile float kept = 0;
        for (const Lanes& sum : sums)
            kept = kept + sum[0] + sum[15];
    };
    return 2.0 * 16 * kSums * kRounds * threads / bestOf(3, [&] {
               std::vector<std::jthread> helpers;
               for (int thread = 1; thread < threads; ++thread)
                   helpers.emplace_back(spin);
               spin();
           });
}

void prefillRate(Backend& backend, int threads, WeightFormat format) {
    const double peak = peakFlops(threads);
    struct Shape {
        std::int64_t rows, channels, columns;
    };
    for (const Shape s : {Shape{16, 4096, 3840},
                          {64, 4096, 3840},
                          {256, 4096, 3840},
                          {256, 3840, 15360},
                          {256, 1024, 384},
                          {256, 384, 1024}}) {
        const Weight w = randomWeight(backend, s.channels, s.columns, 1, format);
        Floats x({s.rows, s.columns});
        Floats y({s.rows, s.channels});
        const double seconds = bestOf(5, [&] { backend.linear(w, x.tensor, y.tensor); });
        const double flops = 2.0 * static_cast<double>(s.rows * s.channels)
                             * static_cast<double>(s.columns) / seconds;
        std::printf(
            "%4s product %4lld × %5lld × %5lld   %6.1f GFLOP/s, %.2f of a plain loop in registers "
            "(%.1f)\n",
            nameOf(format), static_cast<long long>(s.rows), static_cast<long long>(s.channels),
            static_cast<long long>(s.columns), flops / 1e9, flops / peak, peak / 1e9);
    }
}

/// A model of the demo's shape, on random numbers.
class DemoModel {
public:
    explicit DemoModel(Backend& backend)
        : backend_(backend), embedding_(randomWeight(backend, kVocabulary, kHidden)) {
        for (int l = 0; l < kLayers; ++l)
            layers_.push_back({.q = randomWeight(backend, kHeads * kHeadDim, kHidden),
                               .k = randomWeight(backend, kKvHeads * kHeadDim, kHidden),
                               .v = randomWeight(backend, kKvHeads * kHeadDim, kHidden),
                               .o = randomWeight(backend, kHidden, kHeads * kHeadDim),
                               .gate = randomWeight(backend, kWidth, kHidden),
                               .up = randomWeight(backend, kWidth, kHidden),
                               .down = randomWeight(backend, kHidden, kWidth),
                               .k0 = Floats({kContext, kKvHeads, kHeadDim}),
                               .v0 = Floats({kContext, kKvHeads, kHeadDim})});
    }

    void step(std::int64_t position, std::int64_t rows) {
        Floats& x = room(x_, {rows, kHidden});
        Floats& h = room(h_, {rows, kHidden});
        Floats& q = room(q_, {rows, kHeads, kHeadDim});
        Floats& k = room(k_, {rows, kKvHeads, kHeadDim});
        Floats& v = room(v_, {rows, kKvHeads, kHeadDim});
        Floats& a = room(a_, {rows, kHeads, kHeadDim});
        Floats& scratch = room(scratch_, {2 * rows, kWidth});
        for (Layer& layer : layers_) {
            backend_.rmsNorm(x.tensor, norm_.tensor, 1e-6F, h.tensor);
            backend_.linear(layer.q, h.tensor, q.tensor);
            backend_.linear(layer.k, h.tensor, k.tensor);
            backend_.linear(layer.v, h.tensor, v.tensor);
            const KvView cache{.k = layer.k0.tensor, .v = layer.v0.tensor};
            backend_.rotateAndStore({.q = q.tensor,
                                     .k = k.tensor,
                                     .v = v.tensor,
                                     .qNorm = headNorm_.tensor,
                                     .kNorm = headNorm_.tensor,
                                     .frequencies = frequencies_.tensor,
                                     .firstPosition = position,
                                     .cache = cache});
            backend_.attention({.q = q.tensor,
                                .cache = cache,
                                .firstPosition = position,
                                .window = 0,
                                .runs = {},
                                .out = a.tensor});
            backend_.linear(layer.o, a.tensor, h.tensor);
            backend_.addNormed(
                {.residual = x.tensor, .x = h.tensor, .weight = norm_.tensor, .epsilon = 1e-6F});
            backend_.rmsNorm(x.tensor, norm_.tensor, 1e-6F, h.tensor);
            backend_.gatedMlp({.gate = layer.gate,
                               .up = layer.up,
                               .down = layer.down,
                               .x = h.tensor,
                               .y = h.tensor,
                               .scratch = scratch.tensor});
            backend_.addNormed({.residual = x.tensor,
                                .x = h.tensor,
                                .weight = norm_.tensor,
                                .epsilon = 1e-6F,
                                .scale = 0.5F});
        }
        backend_.logits(embedding_, x.tensor.slice(rows - 1, 1), 30, logits_.tensor);
        backend_.sample({.logits = logits_.tensor,
                         .sampling = {},
                         .firstPosition = position,
                         .seenTokens = {},
                         .bannedTokens = {},
                         .tokens = Tensor(&token_, DType::I32, {1})});
    }

private:
    static constexpr std::int64_t kVocabulary = 8192;
    static constexpr std::int64_t kHidden = 448;
    static constexpr std::int64_t kHeads = 7;
    static constexpr std::int64_t kKvHeads = 1;
    static constexpr std::int64_t kHeadDim = 64;
    static constexpr std::int64_t kWidth = 896;
    static constexpr std::int64_t kLayers = 10;
    static constexpr std::int64_t kContext = 2048;

    struct Layer {
        Weight q, k, v, o, gate, up, down;
        Floats k0, v0;
    };

    static Floats& room(std::unique_ptr<Floats>& at, std::initializer_list<std::int64_t> shape) {
        if (at == nullptr || at->tensor.rows() != *shape.begin())
            at = std::make_unique<Floats>(shape);
        return *at;
    }

    Backend& backend_;
    Weight embedding_;
    std::vector<Layer> layers_;
    Floats norm_ = Floats({kHidden});
    Floats headNorm_ = Floats({kHeadDim});
    Floats frequencies_ = Floats({kHeadDim / 2});
    Floats logits_ = Floats({1, kVocabulary});
    std::int32_t token_ = 0;
    std::unique_ptr<Floats> x_, h_, q_, k_, v_, a_, scratch_;
};

void demoModel(Backend& backend) {
    DemoModel model(backend);
    model.step(0, 256);
    for (const std::int64_t context : {0, 1000}) {
        const double prefill = bestOf(5, [&] { model.step(context, 256); });
        model.step(context, 1);
        const double decode = bestOf(5, [&] {
            for (int i = 0; i < 20; ++i)
                model.step(context + i, 1);
        });
        std::printf("demo model after %4lld      prefill %6.0f tokens/s, decode %5.0f tokens/s\n",
                    static_cast<long long>(context), 256 / prefill, 20 / decode);
    }
}

void attentionRate(Backend& backend) {
    struct Shape {
        const char* name;
        std::int64_t rows, heads, kvHeads, headDim, context;
    };
    for (const Shape s : {Shape{"12B sliding, decode", 1, 16, 8, 256, 1024},
                          {"12B full, decode", 1, 16, 1, 512, 8192},
                          {"12B sliding, prefill", 256, 16, 8, 256, 1280},
                          {"12B full, prefill", 64, 16, 1, 512, 4096},
                          {"demo, prefill", 256, 7, 1, 64, 1000}})
        for (const DType type : {DType::F32, DType::BF16}) {
            Floats q({s.rows, s.heads, s.headDim});
            Floats out({s.rows, s.heads, s.headDim});
            Floats cache({s.context, s.kvHeads, s.headDim});
            for (float& number : q.numbers)
                number *= 0.05F;
            std::vector<std::uint16_t> halves(cache.numbers.size(), 0x3C12);
            Tensor k = cache.tensor;
            if (type == DType::BF16)
                k = Tensor(halves.data(), type, {s.context, s.kvHeads, s.headDim});
            const double seconds = bestOf(5, [&] {
                backend.attention({.q = q.tensor,
                                   .cache = {.k = k, .v = k},
                                   .firstPosition = s.context - s.rows,
                                   .window = 0,
                                   .runs = {},
                                   .out = out.tensor});
            });
            const double flops = 4.0 * static_cast<double>(s.rows * s.heads * s.headDim)
                                 * static_cast<double>(s.context - s.rows / 2);
            std::printf("attention, %-21s %s  %8.3f ms, %6.1f GFLOP/s\n", s.name,
                        type == DType::F32 ? "f32 " : "bf16", seconds * 1e3, flops / seconds / 1e9);
        }
    const std::int64_t patches = 2304;
    Floats q({patches, 16, 72});
    Floats k({patches, 16, 72});
    Floats v({patches, 16, 72});
    Floats out({patches, 16, 72});
    Floats norm({72});
    Floats frequencies({18});
    std::vector<std::int32_t> places(static_cast<std::size_t>(patches), 3);
    const Tensor place(places.data(), DType::I32, {patches});
    const double seconds = bestOf(2, [&] {
        backend.visionAttention({.q = q.tensor,
                                 .k = k.tensor,
                                 .v = v.tensor,
                                 .qNorm = norm.tensor,
                                 .kNorm = norm.tensor,
                                 .columns = place,
                                 .rows = place,
                                 .frequencies = frequencies.tensor,
                                 .out = out.tensor});
    });
    std::printf("attention, 2304 patches of 16 × 72    %8.1f ms, %6.1f GFLOP/s\n", seconds * 1e3,
                4.0 * 2304 * 2304 * 16 * 72 / seconds / 1e9);
}

void smallOperations(Backend& backend) {
    Floats x({1, 448});
    Floats norm({448});
    Floats many({256, 3840});
    Floats wide({3840});
    Floats vocabulary({1, 262144});
    const std::vector<float> logits = vocabulary.numbers;
    std::int32_t token = 0;
    const auto report = [](const char* name, double seconds) {
        std::printf("%-38s %8.2f µs\n", name, seconds * 1e6);
    };
    report("norm, 1 × 448", bestOf(5, [&] {
                                for (int i = 0; i < 1000; ++i)
                                    backend.rmsNorm(x.tensor, norm.tensor, 1e-6F, x.tensor);
                            }) / 1000);
    report("norm, 256 × 3840",
           bestOf(9, [&] { backend.rmsNorm(many.tensor, wide.tensor, 1e-6F, many.tensor); }));
    report("gelu, 256 × 3840",
           bestOf(9, [&] { backend.geluMultiply(many.tensor, many.tensor, many.tensor); }));
    const Weight small = randomWeight(backend, 448, 448);
    Floats y({1, 448});
    report("product, 1 × 448 × 448", bestOf(5, [&] {
                                         for (int i = 0; i < 1000; ++i)
                                             backend.linear(small, x.tensor, y.tensor);
                                     }) / 1000);
    report("sample, top-k 64 of 262144", bestOf(9, [&] {
               backend.sample({.logits = vocabulary.tensor,
                               .sampling = {},
                               .firstPosition = 0,
                               .seenTokens = {},
                               .bannedTokens = {},
                               .tokens = Tensor(&token, DType::I32, {1})});
           }));
}

} // namespace

} // namespace lapidary::kernels

/// kernels_bench [THREADS [PART...]]: 0 threads for one a physical core; the parts are small, demo,
/// attention, prefill and decode, all of them without one.
int main(int argc, char** argv) {
    using namespace lapidary::kernels;
    const std::vector<std::string> parts(argv + std::min(argc, 2), argv + argc);
    const auto wanted = [&](const char* part) {
        return parts.empty() || std::ranges::find(parts, part) != parts.end();
    };
    const int asked = argc > 1 ? std::atoi(argv[1]) : 0;
    const int threads = asked > 0 ? asked : physicalCores();
    threadsInUse = threads;
    const std::unique_ptr<Backend> backend = std::make_unique<CpuBackend>(threads);
    std::printf("%s\n", backend->describe().name.c_str());
    if (wanted("small"))
        smallOperations(*backend);
    if (wanted("demo"))
        demoModel(*backend);
    if (wanted("attention"))
        attentionRate(*backend);
    if (wanted("prefill"))
        for (const WeightFormat format : {WeightFormat::BF16, WeightFormat::Fp8})
            prefillRate(*backend, threads, format);
    if (wanted("decode"))
        for (const WeightFormat format : {WeightFormat::BF16, WeightFormat::Fp8})
            decodeBandwidth(*backend, threads, format);
    return 0;
}
