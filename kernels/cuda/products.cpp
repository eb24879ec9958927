#include "cuda/products.h"

#include "assert.h"
#include "cuda/quantise.h"
#include "cuda/ragged.h"
#include "cuda/tensors.h"

#include <algorithm>
#include <utility>

namespace lapidary::kernels::cuda {

namespace {

/// Whether rows of both sides begin on 16 bytes.
bool aligned(const Weight& w) {
    return w.columns() % (w.format() == WeightFormat::Fp8 ? 16 : 8) == 0;
}

bool isSkinny(const Weight& w, std::int64_t rows) {
    return rows <= kSkinnyRows && aligned(w);
}

SkinnySegment segmentOf(const Weight& w, const Tensor& y) {
    const CardMatrix matrix = matrixOf(w);
    return {.w = matrix.numbers,
            .scales = matrix.scales,
            .y = y.data,
            .channels = static_cast<int>(w.rows())};
}

void check(const Weight& w, const Tensor& x, const Tensor& y) {
    LAPIDARY_ASSERT(x.rowSize() == w.columns() && y.rowSize() == w.rows() && y.rows() == x.rows());
}

} // namespace

Expected<std::unique_ptr<Products>> Products::make(Stream& stream, StepChain& chain) {
    const Expected<CublasLt>& library = CublasLt::find();
    if (!library)
        return std::unexpected(library.error());
    std::unique_ptr<Products> products(new Products(stream, chain, *library));
    const int multiprocessors = stream.multiprocessors();
    const std::size_t partials = kSkinnySets * skinnyPartials(multiprocessors);
    const auto pieces = static_cast<std::size_t>(kSkinnyRows * multiprocessors);
    const std::size_t bytes = (partials + pieces + kSkinnyRows) * sizeof(float);
    auto memory = stream.allocate(bytes);
    if (!memory)
        return std::unexpected(std::move(memory.error()));
    products->memory_ = std::move(*memory);
    stream.check(cudaMemsetAsync(products->memory_.memory.get(), 0xFF, bytes, stream.handle()),
                 "clearing memory");
    auto* const numbers = static_cast<float*>(products->memory_.memory.get());
    products->gatedLargest_ = numbers + partials;
    products->inputLargest_ = products->gatedLargest_ + pieces;
    products->workspace_ = {.partials = numbers, .multiprocessors = multiprocessors};
    return products;
}

void Products::linear(std::span<const Projection> projections, const Tensor& x,
                      const Tensor& largest) {
    const Weight& first = projections.front().w;
    const bool together = projections.size() > 1 && projections.size() <= 3
                          && std::ranges::all_of(projections, [&](const Projection& p) {
                                 return isSkinny(p.w, x.rows()) && p.w.format() == first.format()
                                        && p.w.quantisedInput() == first.quantisedInput();
                             });
    if (!together) {
        const bool codes = std::ranges::all_of(
            projections, [&](const Projection& p) { return takesCodes(p.w, x.rows()); });
        if (codes) {
            const Codes once = codesOf(x);
            for (const Projection& p : projections) {
                check(p.w, x, p.y);
                manyOfCodes(p.w, once, p.y);
            }
            return;
        }
        for (const Projection& p : projections)
            one(p.w, x, largest, p.y, 0);
        return;
    }
    SkinnyProduct product = productOf(first, x, largest);
    for (const Projection& p : projections) {
        check(p.w, x, p.y);
        product.segments[product.segmentCount++] = segmentOf(p.w, p.y);
    }
    queue(planSkinny(product, SkinnyOutput::Halves, workspace_));
}

void Products::queue(const SkinnyLaunch& launch) {
    StepPhase phase(launch);
    if (stream_.capability() >= 90)
        for (int i = 0; i < launch.product.segmentCount; ++i) {
            const cudaError_t made = makeTensorMap(launch, i, phase.maps[i]);
            stream_.checkDriver(made, "describing a matrix to the card");
            if (made != cudaSuccess)
                return;
        }
    chain_.add(std::span(&phase, 1));
}

void Products::logits(const Weight& w, const Tensor& x, float cap, const Tensor& y) {
    one(w, x, {}, y, cap);
}

void Products::gatedMlp(const GatedMlp& op) {
    const std::int64_t rows = op.x.rows();
    const std::int64_t width = op.gate.rows();
    LAPIDARY_ASSERT(op.up.rows() == width && op.down.columns() == width);
    const Tensor gate = op.scratch.slice(0, rows).as({rows, width});
    const Tensor up = op.scratch.slice(rows, rows).as({rows, width});
    const bool gated = isSkinny(op.gate, rows) && op.gate.format() == op.up.format()
                       && op.gate.quantisedInput() == op.up.quantisedInput();
    if (!gated) {
        const Projection both[] = {{op.gate, gate}, {op.up, up}};
        linear(both, op.x, op.largest);
        if (takesCodes(op.down, rows)) {
            check(op.down, gate, op.y);
            const Codes codes = roomForCodes(rows, width);
            if (codes.codes == nullptr)
                return;
            if (quantiseGated(halves(gate), halves(up), rows, width, codes.codes, codes.scales,
                              stream_.handle())) {
                manyOfCodes(op.down, codes, op.y);
                return;
            }
        }
        geluMultiply(halves(gate), halves(up), halves(gate), gate.elements(), stream_.handle());
        one(op.down, gate, {}, op.y, 0);
        return;
    }
    check(op.gate, op.x, gate);
    SkinnyProduct product = productOf(op.gate, op.x, op.largest);
    product.segments[0] = segmentOf(op.gate, gate);
    product.segments[1] = segmentOf(op.up, gate);
    product.segmentCount = 2;
    SkinnyLaunch launch = planSkinny(product, SkinnyOutput::Gated, workspace_);
    launch.largest = gatedLargest_;
    queue(launch);
    one(op.down, gate, Tensor(gatedLargest_, DType::F32, {rows, launch.blocks}), op.y, 0);
}

SkinnyProduct Products::productOf(const Weight& w, const Tensor& x, const Tensor& largest) {
    const CardMatrix matrix = matrixOf(w);
    SkinnyProduct product;
    product.format = matrix.format;
    product.x = halves(x);
    product.rows = static_cast<int>(x.rows());
    product.columns = static_cast<int>(w.columns());
    if (matrix.format != ProductFormat::Fp8)
        return product;
    if (largest.empty()) {
        largestOfRows(product.x, x.rows(), w.columns(), inputLargest_, stream_.handle());
        product.largest = inputLargest_;
        product.pieces = 1;
    } else {
        LAPIDARY_ASSERT(largest.rows() == x.rows());
        product.largest = floats(largest);
        product.pieces = static_cast<int>(largest.rowSize());
    }
    return product;
}

void Products::one(const Weight& w, const Tensor& x, const Tensor& largest, const Tensor& y,
                   float cap) {
    check(w, x, y);
    const bool single = y.dtype == DType::F32;
    if (isSkinny(w, x.rows())) {
        SkinnyProduct product = productOf(w, x, largest);
        product.segments[product.segmentCount++] = segmentOf(w, y);
        SkinnyLaunch launch =
            planSkinny(product, single ? SkinnyOutput::Logits : SkinnyOutput::Halves, workspace_);
        launch.cap = cap;
        queue(launch);
    } else if (aligned(w) && w.rows() % 8 == 0) {
        many(w, x, y);
        if (single && cap > 0)
            softCap(floats(y), cap, y.elements(), stream_.handle());
    } else {
        for (std::int64_t r = 0; r < x.rows(); r += kSkinnyRows) {
            const std::int64_t rows = std::min(kSkinnyRows, x.rows() - r);
            const Tensor known = largest.empty() ? largest : largest.slice(r, rows);
            SkinnyProduct product = productOf(w, x.slice(r, rows), known);
            product.segments[product.segmentCount++] = segmentOf(w, y.slice(r, rows));
            raggedProduct(product, single, cap, stream_.handle());
        }
    }
}

void Products::many(const Weight& w, const Tensor& x, const Tensor& y) {
    const CardMatrix matrix = matrixOf(w);
    LargeProduct product{.w = matrix.numbers,
                         .x = x.data,
                         .y = y.data,
                         .rows = x.rows(),
                         .channels = w.rows(),
                         .columns = w.columns(),
                         .single = y.dtype == DType::F32};
    if (matrix.format == ProductFormat::Plain) {
        large_.run(product);
        return;
    }
    if (matrix.format != ProductFormat::Fp8 || !large_.multipliesCodes()) {
        manyWidened(matrix, product);
        return;
    }
    manyOfCodes(w, codesOf(x), y);
}

bool Products::takesCodes(const Weight& w, std::int64_t rows) const {
    return !isSkinny(w, rows) && aligned(w) && w.rows() % 8 == 0
           && matrixOf(w).format == ProductFormat::Fp8 && large_.multipliesCodes();
}

Products::Codes Products::roomForCodes(std::int64_t rows, std::int64_t columns) {
    const auto count = static_cast<std::size_t>(rows * columns);
    auto* const scratch = static_cast<std::uint8_t*>(
        stream_.scratch(count + static_cast<std::size_t>(rows) * sizeof(float)));
    if (scratch == nullptr)
        return {};
    // Columns are a multiple of 16.
    return {scratch, reinterpret_cast<float*>(scratch + count), rows};
}

Products::Codes Products::codesOf(const Tensor& x) {
    const Codes codes = roomForCodes(x.rows(), x.rowSize());
    if (codes.codes != nullptr)
        quantiseRows(halves(x), x.rows(), x.rowSize(), codes.codes, codes.scales, stream_.handle());
    return codes;
}

void Products::manyOfCodes(const Weight& w, const Codes& x, const Tensor& y) {
    if (x.codes == nullptr)
        return;
    const CardMatrix matrix = matrixOf(w);
    large_.run({.w = matrix.numbers,
                .wScales = matrix.scales,
                .x = x.codes,
                .xScales = x.scales,
                .y = y.data,
                .rows = x.rows,
                .channels = w.rows(),
                .columns = w.columns(),
                .single = y.dtype == DType::F32});
}

// Where the card has no product of codes with a scale a row, or x is not quantised: the codes as
// bf16, which holds them exactly, sums in f32, and then the scales.
void Products::manyWidened(const CardMatrix& matrix, const LargeProduct& product) {
    const std::int64_t xCount = product.rows * product.columns;
    const std::int64_t wCount = product.channels * product.columns;
    const auto sumBytes = static_cast<std::size_t>(product.rows * product.channels) * sizeof(float);
    const auto wBytes = static_cast<std::size_t>(wCount) * sizeof(Bf16);
    const auto xBytes = static_cast<std::size_t>(xCount) * sizeof(Bf16);
    const auto scaleBytes = static_cast<std::size_t>(product.rows + 3) / 4 * 4 * sizeof(float);
    auto* const scratch =
        static_cast<std::byte*>(stream_.scratch(sumBytes + wBytes + xBytes + scaleBytes));
    if (scratch == nullptr)
        return;
    auto* const sums = reinterpret_cast<float*>(scratch);
    auto* const scales = reinterpret_cast<float*>(scratch + sumBytes);
    auto* const wide = reinterpret_cast<Bf16*>(scratch + sumBytes + scaleBytes);
    auto* const wideX = wide + wCount;
    widenCodes(static_cast<const std::uint8_t*>(matrix.numbers), wCount, wide, stream_.handle());
    LargeProduct widened = product;
    widened.w = wide;
    widened.y = product.single ? product.y : sums;
    widened.single = true;
    const bool quantised = matrix.format == ProductFormat::Fp8;
    if (quantised) {
        roundRows(static_cast<const Bf16*>(product.x), product.rows, product.columns, wideX, scales,
                  stream_.handle());
        widened.x = wideX;
    }
    large_.run(widened);
    LAPIDARY_ASSERT(!product.single); // heads are never e4m3
    scaleSums(sums, quantised ? scales : nullptr, matrix.scales, product.rows, product.channels,
              static_cast<Bf16*>(product.y), stream_.handle());
}

} // namespace lapidary::kernels::cuda
