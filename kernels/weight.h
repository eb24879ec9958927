#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace lapidary::kernels {

/// How the numbers of a matrix are stored. A new format is one entry here, one reader in the engine
/// and one packer and loader in each backend.
enum class WeightFormat : std::uint8_t { F32, BF16 };

/// A matrix (or a stack of `experts` equal matrices) as it lies in a checkpoint on the host.
///   data  [experts, rows, columns] in `format`, row-major, any alignment; rows are output
///   channels.
/// `owner` keeps the memory alive, so that a backend may use it in place.
struct WeightSource {
    WeightFormat format = WeightFormat::BF16;
    std::int64_t experts = 1;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::span<const std::byte> data;
    std::shared_ptr<const void> owner;
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
           std::shared_ptr<const Packed> packed)
        : format_(format)
        , experts_(experts)
        , rows_(rows)
        , columns_(columns)
        , packed_(std::move(packed)) {}

    [[nodiscard]] bool empty() const { return packed_ == nullptr; }
    [[nodiscard]] WeightFormat format() const { return format_; }
    [[nodiscard]] std::int64_t experts() const { return experts_; }
    [[nodiscard]] std::int64_t rows() const { return rows_; }
    [[nodiscard]] std::int64_t columns() const { return columns_; }
    [[nodiscard]] const Packed& packed() const { return *packed_; }

private:
    WeightFormat format_ = WeightFormat::BF16;
    std::int64_t experts_ = 0;
    std::int64_t rows_ = 0;
    std::int64_t columns_ = 0;
    std::shared_ptr<const Packed> packed_;
};

} // namespace lapidary::kernels
