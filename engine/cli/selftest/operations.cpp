#include "cli/selftest/operations.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

namespace lapidary::cli {

using namespace kernels;

namespace {

constexpr float kEpsilon = 1e-6F;

void elements(Comparison& c) {
    const Twin a = c.random({37, 65}, 3);
    const Twin b = c.random({37, 65}, 3);
    const Twin bias = c.vector({65}, 1);
    const Twin table = c.vector({9, 65}, 1);
    const Twin places = c.integers({37}, c.randomIntegers(37, 9));
    const Twin product = c.unwritten({37, 65});
    const Twin sum = c.unwritten({37, 65});
    c.both([&](Backend& on, auto side) {
        on.geluMultiply(side(a), side(b), side(product));
        on.scaledSum(side(a), side(b), 0.25F, side(sum));
        on.addBias(side(sum), side(bias));
        on.addRows(side(sum), side(table), side(places));
        on.clamp(side(sum), -1.5F, 1.25F);
    });
    c.compare(product);
    c.compare(sum);
}

void norms(Comparison& c) {
    for (const std::int64_t rows : {1, 16, 100})
        for (const std::int64_t width : {33, 256, 3840}) {
            const Twin x = c.random({rows, width}, 3);
            const Twin residual = c.random({rows, width}, 2);
            const Twin weight = c.vector({width}, 0.2F, 1);
            const Twin bias = c.vector({width}, 0.5F);
            const Twin normed = c.unwritten({rows, width});
            const Twin centred = c.unwritten({rows, width});
            c.both([&](Backend& on, auto side) {
                on.rmsNorm(side(x), side(weight), kEpsilon, side(normed));
                on.layerNorm(side(x), side(weight), side(bias), kEpsilon, side(centred));
                on.addNormed({.residual = side(residual),
                              .x = side(x),
                              .weight = side(weight),
                              .scale = 0.7F});
            });
            c.compare(normed);
            c.compare(centred);
            c.compare(residual);
        }
}

void embeddings(Comparison& c) {
    const WeightTwin table = c.matrix(50, 384);
    const WeightTwin parts = c.kept(50, 35L * 256);
    for (const std::int64_t rows : {1, 16, 200}) {
        const auto ids = c.randomIntegers(rows, 50);
        const Twin tokens = c.integers({rows}, ids);
        const Twin embedded = c.unwritten({rows, 384});
        const Twin gathered = c.unwritten({35, rows, 256});
        c.both([&](Backend& on, auto side) {
            on.embed(side(table), side(tokens), 19.5F, side(embedded));
            on.gather(side(parts), ids, 16, side(gathered));
        });
        c.compare(embedded);
        c.compare(gathered);
    }
}

template <WeightFormat format>
void products(Comparison& c) {
    constexpr std::int64_t kShapes[][2] = {
        {512, 3840}, {2816, 2112}, {256, 1536}, {130, 1000}, {17, 33}};
    for (const auto& [channels, columns] : kShapes) {
        const WeightTwin w = c.matrix(channels, columns, 1, format);
        const WeightTwin other = c.matrix(48, columns, 1, format);
        for (const std::int64_t rows : {1, 7, 16, 40}) {
            const Twin x = c.random({rows, columns});
            const Twin y = c.unwritten({rows, channels});
            const Twin z = c.unwritten({rows, 48});
            c.both([&](Backend& on, auto side) {
                const Projection together[] = {{side(w), side(y)}, {side(other), side(z)}};
                on.linear(together, side(x), {});
            });
            c.compare(y);
            c.compare(z);
        }
    }
}

void logits(Comparison& c) {
    const WeightTwin w = c.matrix(8000, 640);
    for (const std::int64_t rows : {1, 5, 24}) {
        const Twin x = c.random({rows, 640}, 8);
        const Twin y = c.vector({rows, 8000}, 0);
        c.both([&](Backend& on, auto side) { on.logits(side(w), side(x), 30, side(y)); });
        c.compare(y);
    }
}

template <WeightFormat format>
void gatedMlp(Comparison& c) {
    const WeightTwin gate = c.matrix(1536, 640, 1, format);
    const WeightTwin up = c.matrix(1536, 640, 1, format);
    const WeightTwin down = c.matrix(640, 1536, 1, format);
    for (const std::int64_t rows : {1, 16, 33}) {
        const Twin x = c.random({rows, 640});
        const Twin y = c.unwritten({rows, 640});
        const Twin scratch = c.unwritten({2 * rows, 1536});
        c.both([&](Backend& on, auto side) {
            on.gatedMlp({.gate = side(gate),
                         .up = side(up),
                         .down = side(down),
                         .x = side(x),
                         .y = side(y),
                         .scratch = side(scratch)});
        });
        c.compare(y);
    }
}

template <WeightFormat format>
void experts(Comparison& c) {
    constexpr std::int64_t kExperts = 16;
    constexpr std::int64_t kChosen = 4;
    constexpr std::int64_t kHidden = 256;
    constexpr std::int64_t kWidth = 96;
    const WeightTwin proj = c.matrix(kExperts, kHidden);
    const WeightTwin gateUp = c.matrix(2 * kWidth, kHidden, kExperts, format);
    const WeightTwin down = c.matrix(kHidden, kWidth, kExperts, format);
    const Twin scale = c.vector({kHidden}, 0.3F, 1);
    const Twin own = c.vector({kExperts}, 0.2F, 1);
    for (const std::int64_t rows : {1, 16, 60}) {
        const Twin x = c.random({rows, kHidden});
        const Twin chosen = c.integers({rows, kChosen}, c.randomIntegers(rows * kChosen, 1));
        const Twin weights = c.vector({rows, kChosen}, 0);
        const Twin routing = c.unwritten({rows, kHidden + kExperts});
        const Twin scratch = c.unwritten({rows * kChosen, 3 * kWidth + kHidden});
        const Twin y = c.unwritten({rows, kHidden});
        c.both([&](Backend& on, auto side) {
            on.route({.x = side(x),
                      .scale = side(scale),
                      .factor = 3, // spreads the probabilities, so that rounding changes no order
                      .proj = side(proj),
                      .perExpertScale = side(own),
                      .scratch = side(routing),
                      .chosen = side(chosen),
                      .weights = side(weights)});
            on.expertMlp({.gateUp = side(gateUp),
                          .down = side(down),
                          .x = side(x),
                          .chosen = side(chosen),
                          .weights = side(weights),
                          .y = side(y),
                          .scratch = side(scratch)});
        });
        c.compare(chosen);
        c.compare(y);
    }
}

/// Attention of a layer: its shape, and what belongs to it on both devices.
struct Layer {
    std::int64_t heads, kvHeads, headDim, window;
    Twin k, v, qNorm, kNorm, frequencies;

    Layer(Comparison& c, std::int64_t queryHeads, std::int64_t cacheHeads, std::int64_t size,
          std::int64_t slidingWindow, std::int64_t slots)
        : heads(queryHeads)
        , kvHeads(cacheHeads)
        , headDim(size)
        , window(slidingWindow)
        , k(c.unwritten({slots, cacheHeads, size}))
        , v(c.unwritten({slots, cacheHeads, size}))
        , qNorm(c.vector({size}, 0.2F, 1))
        , kNorm(c.vector({size}, 0.02F, 0.3F)) {
        std::vector<float> turns(static_cast<std::size_t>(size) / 2);
        for (std::size_t i = 0; i < turns.size(); ++i)
            turns[i] =
                std::pow(10000.0F, -static_cast<float>(i) / static_cast<float>(turns.size()));
        frequencies = c.vector({size / 2}, turns);
    }
};

/// Rotates `rows` new rows into the cache and attends.
void attend(Comparison& c, const Layer& layer, std::int64_t rows, std::int64_t first,
            std::span<const Run> runs) {
    const Twin q = c.random({rows, layer.heads, layer.headDim});
    const Twin k = c.random({rows, layer.kvHeads, layer.headDim});
    const Twin v = c.random({rows, layer.kvHeads, layer.headDim});
    const Twin out = c.unwritten({rows, layer.heads, layer.headDim});
    c.both([&](Backend& on, auto side) {
        const KvView cache{side(layer.k), side(layer.v)};
        on.rotateAndAttend({.q = side(q),
                            .k = side(k),
                            .v = side(v),
                            .qNorm = side(layer.qNorm),
                            .kNorm = side(layer.kNorm),
                            .frequencies = side(layer.frequencies),
                            .firstPosition = first,
                            .cache = cache},
                           {.q = side(q),
                            .cache = cache,
                            .firstPosition = first,
                            .window = layer.window,
                            .runs = runs,
                            .out = side(out)});
    });
    c.compare(out);
}

void attention(Comparison& c) {
    const Layer layers[] = {{c, 16, 8, 256, 1024, 1400},
                            {c, 16, 1, 512, 0, 2048},
                            {c, 8, 2, 256, 512, 700},
                            {c, 6, 2, 24, 33, 130}};
    for (const Layer& layer : layers) {
        std::int64_t at = 0;
        // A prompt in chunks, an image in it, then tokens one by one and some together.
        for (const std::int64_t rows : {97, 60, 30, 1, 1, 5, 16, 1, 1}) {
            const Run image{.begin = at + 10, .end = at + 25};
            const bool seesAhead = rows == 60;
            attend(c, layer, rows, at, std::span(&image, seesAhead ? 1 : 0));
            at += rows;
        }
    }
}

void vision(Comparison& c) {
    constexpr std::int64_t kShapes[][4] = {{21, 9, 12, 64}, {12, 30, 16, 72}, {1, 1, 2, 8}};
    for (const auto& [columns, rows, heads, headDim] : kShapes) {
        const std::int64_t patches = columns * rows;
        const Twin q = c.random({patches, heads, headDim});
        const Twin k = c.random({patches, heads, headDim});
        const Twin v = c.random({patches, heads, headDim});
        const Twin out = c.unwritten({patches, heads, headDim});
        const Twin qNorm = c.vector({headDim}, 0.2F, 0.6F);
        const Twin kNorm = c.vector({headDim}, 0.2F, 0.6F);
        const Twin turns = c.vector({headDim / 4}, 0.3F);
        std::vector<std::int32_t> xs;
        std::vector<std::int32_t> ys;
        for (std::int32_t i = 0; i < patches; ++i) {
            xs.push_back(static_cast<std::int32_t>(i % columns));
            ys.push_back(static_cast<std::int32_t>(i / columns));
        }
        const Twin x = c.integers({patches}, xs);
        const Twin y = c.integers({patches}, ys);
        c.both([&](Backend& on, auto side) {
            on.visionAttention({.q = side(q),
                                .k = side(k),
                                .v = side(v),
                                .qNorm = side(qNorm),
                                .kNorm = side(kNorm),
                                .columns = side(x),
                                .rows = side(y),
                                .frequencies = side(turns),
                                .out = side(out)});
        });
        c.compare(out);
    }
    const Twin x = c.random({108, 72}, 3);
    const Twin pooled = c.unwritten({12, 72});
    const Twin bias = c.vector({72}, 5);
    const Twin scale = c.vector({72}, 0.2F, 1);
    c.both([&](Backend& on, auto side) {
        on.poolPatches(side(x), 9, 3, 8.4F, side(bias), side(scale), side(pooled));
    });
    c.compare(pooled);
}

void sampling(Comparison& c) {
    const std::vector<std::int32_t> seen = {1, 3, 3, 10};
    const std::vector<std::int32_t> banned = {0, 2};
    constexpr Sampling kWays[] = {
        {.temperature = 0},
        {.seed = 5},
        {.temperature = 2, .topK = 1000, .topP = 1, .minP = 0.02F, .seed = 7},
        {.topK = 3, .repetitionPenalty = 1.5F, .seed = 8},
        {.topK = 0, .topP = 0.9F, .seed = 9},
    };
    for (const Sampling& way : kWays)
        for (const std::int64_t vocabulary : {1000, 262144}) {
            const Twin logits = c.vector({4, vocabulary}, 3);
            const Twin tokens = c.integers({4}, c.randomIntegers(4, 1));
            c.both([&](Backend& on, auto side) {
                on.sample({.logits = side(logits),
                           .sampling = way,
                           .firstPosition = 100,
                           .seenTokens = seen,
                           .bannedTokens = banned,
                           .tokens = side(tokens)});
            });
            c.compare(tokens);
        }
}

/// What is drawn from a head in 8 bits, where the device has one, is what the head itself says.
void heads(Comparison& c) {
    constexpr std::int64_t kTokens = 8000;
    const WeightTwin w = c.matrix(kTokens, 640);
    for (const std::int64_t rows : {1, 5, 16})
        for (const Sampling& way : {Sampling{.temperature = 0}, Sampling{.seed = 5}}) {
            const Twin x = c.random({rows, 640}, 8);
            const Twin logits = c.vector({rows, kTokens}, 0);
            const Twin bounds = c.vector({rows, boundsOf(kTokens)}, 0);
            const Twin tokens = c.integers({rows}, c.randomIntegers(rows, 1));
            std::vector<CoarseHead> coarse; // until the tokens are there
            c.both([&](Backend& on, auto side) {
                coarse.push_back(on.coarsen(side(w)).value_or(CoarseHead{}));
                const Estimate estimate{.w = side(w),
                                        .coarse = coarse.back(),
                                        .cap = 30,
                                        .x = side(x),
                                        .logits = side(logits),
                                        .bounds = side(bounds)};
                on.estimate(estimate);
                on.sample({.logits = side(logits),
                           .sampling = way,
                           .firstPosition = 100,
                           .seenTokens = {},
                           .bannedTokens = {},
                           .tokens = side(tokens),
                           .estimate = &estimate});
            });
            c.compare(tokens);
        }
}

/// A step that is recorded at its second turn and repeated from the third on.
void repeatedSteps(Comparison& c) {
    constexpr std::int64_t kQueries = 16L * 256;
    constexpr std::int64_t kKeys = 8L * 256;
    const Layer layer(c, 16, 8, 256, 1024, 1400);
    attend(c, layer, 300, 0, {});
    const WeightTwin table = c.matrix(50, kQueries);
    const WeightTwin keys = c.matrix(kKeys, kQueries);
    const Twin id = c.integers({1}, c.randomIntegers(1, 1));
    const Twin q = c.unwritten({1, kQueries});
    const Twin k = c.unwritten({1, kKeys});
    const Twin out = c.unwritten({1, 16, 256});
    std::array<std::unique_ptr<Backend::Recording>, 2> recordings;
    for (int step = 0; step < 6; ++step) {
        std::size_t which = 0;
        c.both([&](Backend& on, auto side) {
            const std::int32_t token[] = {7 * step + 1};
            const int position = 300 + step;
            on.upload(std::as_bytes(std::span(token)), side(id));
            on.repeat(recordings.at(which++), position, [&] {
                const Tensor heads = side(q).as({1, 16, 256});
                const Tensor rawK = side(k).as({1, 8, 256});
                const KvView cache{side(layer.k), side(layer.v)};
                on.embed(side(table), side(id), 60, side(q));
                on.linear(side(keys), side(q), side(k));
                on.rotateAndAttend({.q = heads,
                                    .k = rawK,
                                    .v = rawK,
                                    .qNorm = side(layer.qNorm),
                                    .kNorm = side(layer.kNorm),
                                    .frequencies = side(layer.frequencies),
                                    .firstPosition = position,
                                    .cache = cache},
                                   {.q = heads,
                                    .cache = cache,
                                    .firstPosition = position,
                                    .window = layer.window,
                                    .runs = {},
                                    .out = side(out)});
            });
        });
        c.compare(out);
    }
}

constexpr std::array kOperations = {
    Operation{.name = "single elements", .tolerance = 0.012, .run = elements},
    Operation{.name = "norms", .tolerance = 0.012, .run = norms},
    Operation{.name = "embeddings", .tolerance = 0.012, .run = embeddings},
    Operation{.name = "products, bf16", .tolerance = 0.012, .run = products<WeightFormat::BF16>},
    Operation{.name = "products, fp8", .tolerance = 0.012, .run = products<WeightFormat::Fp8>},
    Operation{.name = "logits", .tolerance = 0.001, .run = logits},
    Operation{.name = "gated MLP, bf16", .tolerance = 0.03, .run = gatedMlp<WeightFormat::BF16>},
    Operation{.name = "gated MLP, fp8", .tolerance = 0.06, .run = gatedMlp<WeightFormat::Fp8>},
    Operation{.name = "experts, bf16", .tolerance = 0.03, .run = experts<WeightFormat::BF16>},
    Operation{.name = "experts, fp8", .tolerance = 0.06, .run = experts<WeightFormat::Fp8>},
    // The softmax's weights are rounded to bf16 relative to other maxima than the processor's: an
    // H200 that agrees in every test differs by up to 0.043.
    Operation{.name = "attention", .tolerance = 0.06, .run = attention},
    Operation{.name = "vision", .tolerance = 0.06, .run = vision},
    Operation{.name = "sampling", .tolerance = 0, .run = sampling},
    Operation{.name = "heads in 8 bits", .tolerance = 0, .run = heads},
    Operation{.name = "repeated steps", .tolerance = 0.06, .run = repeatedSteps},
};

} // namespace

std::span<const Operation> operations() {
    return kOperations;
}

} // namespace lapidary::cli
