#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lapidary::engine {

/// Appends fields in the encoding of Protocol Buffers (protobuf.dev, "Encoding").
class WireWriter {
public:
    void number(std::uint32_t field, std::uint64_t value);
    void real(std::uint32_t field, float value);
    void text(std::uint32_t field, std::string_view value);

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    void reserve(std::size_t size) { bytes_.reserve(size); }

private:
    void varint(std::uint64_t value);
    std::string bytes_;
};

/// Reads one message field by field: `while (reader.next())` look at `field` and take the value.
/// Remembers its first error; after one there is no next field and values are empty.
class WireReader {
public:
    explicit WireReader(std::string_view message) : rest_(message) {}

    /// Reads the next field, whose value then stands ready; false at the end or after an error.
    bool next();

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::uint64_t field() const { return field_; }

    /// The value of the field; an error if it has another type.
    std::uint64_t number();
    float real();
    std::string_view text();

private:
    enum class Type : std::uint8_t { Varint = 0, Fixed64 = 1, Text = 2, Fixed32 = 5 };

    std::uint64_t varint();
    std::string_view take(std::uint64_t count);
    void fail();

    std::string_view rest_;
    std::uint64_t field_ = 0;
    std::uint64_t number_ = 0;
    std::string_view text_; // of Text, Fixed32 and Fixed64
    Type type_ = Type::Varint;
    bool failed_ = false;
};

} // namespace lapidary::engine
