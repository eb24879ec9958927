#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lapidary::engine {

/// Reads numbers out of untrusted bytes. Past the end it yields zeros and remembers that it failed,
/// so fields are read straight down and checked once a section.
class ByteCursor {
public:
    explicit ByteCursor(std::span<const std::byte> bytes, std::endian order = std::endian::little)
        : bytes_(bytes), order_(order) {}

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] std::size_t left() const { return bytes_.size() - position_; }

    void seek(std::size_t position) {
        failed_ = failed_ || position > bytes_.size();
        position_ = failed_ ? bytes_.size() : position;
    }

    std::span<const std::byte> take(std::size_t count) {
        if (count > left()) {
            failed_ = true;
            position_ = bytes_.size();
            return {};
        }
        position_ += count;
        return bytes_.subspan(position_ - count, count);
    }

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return number(4); }
    std::int32_t i32() { return std::bit_cast<std::int32_t>(number(4)); }

private:
    std::uint32_t number(std::size_t size) {
        std::uint32_t value = 0;
        const auto bytes = take(size);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            const std::size_t shift = order_ == std::endian::little ? i : size - 1 - i;
            value |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * shift);
        }
        return value;
    }

    std::span<const std::byte> bytes_;
    std::endian order_;
    std::size_t position_ = 0;
    bool failed_ = false;
};

} // namespace lapidary::engine
