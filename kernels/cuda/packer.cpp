#include "cuda/packer.h"

#include "assert.h"
#include "cuda/card_weight.h"
#include "cuda/launch.h"
#include "cuda/quantise.h"

#include <algorithm>
#include <utility>

namespace lapidary::kernels::cuda {

namespace {

void copyToCard(Stream& stream, std::span<const std::byte> from, void* to) {
    stream.check(
        cudaMemcpyAsync(to, from.data(), from.size(), cudaMemcpyHostToDevice, stream.handle()),
        "copying a weight to the card");
}

/// Brings a piece of whole rows, of about 32 MB, over as bf16 and hands it on.
///   take(bf16 of the piece, its first row, its rows)
template <class Take>
void forPieces(Stream& stream, const WeightSource& source, Take take) {
    constexpr std::int64_t kPiece = std::int64_t{1} << 24U; // numbers
    const std::int64_t rows = source.experts * source.rows;
    const std::int64_t rowsAtOnce = std::clamp<std::int64_t>(kPiece / source.columns, 1, rows);
    const auto numbers = static_cast<std::size_t>(rowsAtOnce * source.columns);
    const std::size_t width = elementSize(source.format);
    auto* const raw = static_cast<std::byte*>(stream.scratch(numbers * (sizeof(Bf16) + width)));
    if (raw == nullptr)
        return;
    auto* const halves = reinterpret_cast<Bf16*>(raw + numbers * width);
    for (std::int64_t row = 0; row < rows; row += rowsAtOnce) {
        const std::int64_t count = std::min(rowsAtOnce, rows - row);
        const auto first = static_cast<std::size_t>(row * source.columns);
        const auto size = static_cast<std::size_t>(count * source.columns);
        copyToCard(stream, source.data.subspan(first * width, size * width), raw);
        if (source.format == WeightFormat::BF16) {
            take(reinterpret_cast<const Bf16*>(raw), row, count);
        } else {
            toBf16(reinterpret_cast<const float*>(raw), halves, count * source.columns,
                   stream.handle());
            take(halves, row, count);
        }
    }
}

} // namespace

Expected<Weight> packOnCard(Stream& stream, const WeightSource& source, WeightFormat as) {
    const bool quantises = as == WeightFormat::Fp8 && source.format != WeightFormat::Fp8;
    LAPIDARY_ASSERT(as == source.format || quantises);
    // The card multiplies bf16 and e4m3: f32 is rounded.
    const WeightFormat target = as == WeightFormat::Fp8 ? WeightFormat::Fp8 : WeightFormat::BF16;
    const std::int64_t rows = source.experts * source.rows;
    auto packed = std::make_shared<CardWeight>();
    auto numbers =
        stream.allocate(static_cast<std::size_t>(rows * source.columns) * elementSize(target));
    if (!numbers)
        return std::unexpected(std::move(numbers.error()));
    packed->numbers = std::move(*numbers);
    void* const to = packed->numbers.memory.get();
    if (target == WeightFormat::Fp8) {
        auto scales = stream.allocate(static_cast<std::size_t>(rows) * sizeof(float));
        if (!scales)
            return std::unexpected(std::move(scales.error()));
        packed->scales = std::move(*scales);
    }
    auto* const scales = static_cast<float*>(packed->scales.memory.get());

    if (source.format == target) {
        copyToCard(stream, source.data, to);
        if (scales != nullptr)
            copyToCard(stream, std::as_bytes(source.scales), scales);
    } else if (quantises) {
        forPieces(stream, source, [&](const Bf16* piece, std::int64_t row, std::int64_t count) {
            quantiseRows(piece, count, source.columns,
                         static_cast<std::uint8_t*>(to) + row * source.columns, scales + row,
                         stream.handle());
        });
    } else {
        forPieces(stream, source, [&](const Bf16* piece, std::int64_t row, std::int64_t count) {
            stream.check(
                cudaMemcpyAsync(static_cast<Bf16*>(to) + row * source.columns, piece,
                                static_cast<std::size_t>(count * source.columns) * sizeof(Bf16),
                                cudaMemcpyDeviceToDevice, stream.handle()),
                "rounding a weight");
        });
    }
    if (auto done = stream.wait(); !done)
        return std::unexpected(std::move(done.error()));
    return Weight(target, source.experts, source.rows, source.columns, std::move(packed),
                  quantises || source.quantisedInput);
}

} // namespace lapidary::kernels::cuda
