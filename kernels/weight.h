#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace lapidary::kernels {

/// How the numbers of a matrix are stored. A new format is one entry here, one reader in the engine
/// and one packer and loader in each backend.
///   Fp8  e4m3 (quantise.h) and one f32 scale a row: w = q · scale
enum class WeightFormat : std::uint8_t { F32, BF16, Fp8 };

/// Bytes of one number, scales not counted.
[[nodiscard]] constexpr std::size_t elementSize(WeightFormat format) {
    switch (format) {
    case WeightFormat::F32:
        return 4;
    case WeightFormat::BF16:
        return 2;
    case WeightFormat::Fp8:
        return 1;
    }
    return 0;
}

/// A matrix (or a stack of `experts` equal matrices) as it lies in a checkpoint on the host.
///   data  [experts, rows, columns] in `format`, row-major, any alignment; rows are output
///   channels.
///   parts  instead of `data`, where it lies in several places: whole rows, in order
///   scales  [experts, rows] of Fp8, finite and not negative; empty otherwise
/// `owner` keeps the memory of both alive, so that a backend may use it in place.
struct WeightSource {
    WeightFormat format = WeightFormat::BF16;
    std::int64_t experts = 1;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::span<const std::byte> data;
    std::shared_ptr<const void> owner;
    std::span<const float> scales = {};
    std::vector<std::span<const std::byte>> parts = {};
    /// Fp8: the rows of x are quantised as well, each with a scale of its own (quantiseRow).
    bool quantisedInput = false;

    /// Where the numbers lie, one place after another.
    [[nodiscard]] std::span<const std::span<const std::byte>> places() const {
        return parts.empty() ? std::span(&data, 1) : std::span(parts);
    }
    [[nodiscard]] std::size_t bytes() const {
        std::size_t sum = 0;
        for (const std::span<const std::byte> place : places())
            sum += place.size();
        return sum;
    }
};

/// A matrix in the layout of the backend that packed it: y = W x with W [rows, columns]. Models
/// hand it from `Backend::pack` to the operations and never look inside. Copies share the packed
/// memory.
class Weight {
public:
    /// What a backend keeps; each backend derives its own.
    struct Packed {
        Packed() = default;
        Packed(const Packed&) = delete;
        Packed& operator=(const Packed&) = delete;
        virtual ~Packed() = default;
    };

    Weight() = default;
    Weight(WeightFormat format, std::int64_t experts, std::int64_t rows, std::int64_t columns,
           std::shared_ptr<const Packed> packed, bool quantisedInput = false)
        : format_(format)
        , experts_(experts)
        , rows_(rows)
        , columns_(columns)
        , packed_(std::move(packed))
        , quantisedInput_(quantisedInput) {}

    [[nodiscard]] bool empty() const { return packed_ == nullptr; }
    [[nodiscard]] WeightFormat format() const { return format_; }
    [[nodiscard]] std::int64_t experts() const { return experts_; }
    [[nodiscard]] std::int64_t rows() const { return rows_; }
    [[nodiscard]] std::int64_t columns() const { return columns_; }
    [[nodiscard]] const Packed& packed() const { return *packed_; }

    /// Whether a product quantises the rows of x: y = xScale · scale · Σ qx · q, in f32.
    [[nodiscard]] bool quantisedInput() const { return quantisedInput_; }

private:
    WeightFormat format_ = WeightFormat::BF16;
    std::int64_t experts_ = 0;
    std::int64_t rows_ = 0;
    std::int64_t columns_ = 0;
    std::shared_ptr<const Packed> packed_;
    bool quantisedInput_ = false;
};

} // namespace lapidary::kernels
