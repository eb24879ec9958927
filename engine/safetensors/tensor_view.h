#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// Element types a safetensors file may name and that some checkpoint of the family uses
/// (formats.md 3.1).
enum class StoredType : std::uint8_t { F32, F16, BF16, F8E4M3, F8E5M2, I64, I32, I8, U8, Bool };

[[nodiscard]] std::string_view nameOf(StoredType type);
[[nodiscard]] std::size_t sizeOf(StoredType type);

/// The type that a file calls "BF16", "F8_E4M3" …; none for the ones that no checkpoint of the
/// family uses.
[[nodiscard]] std::optional<StoredType> storedTypeNamed(std::string_view name);

/// A tensor as it lies in a file: row-major, any alignment, read-only.
struct TensorView {
    StoredType type = StoredType::F32;
    std::vector<std::int64_t> shape; ///< []: one element
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner; ///< keeps `bytes` mapped

    [[nodiscard]] std::int64_t elements() const;
};

/// "[262144, 1536]"
[[nodiscard]] std::string describeShape(std::span<const std::int64_t> shape);

} // namespace lapidary::engine
