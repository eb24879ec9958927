#include "tokenizer/protobuf_wire.h"

#include <bit>
#include <cstring>

namespace lapidary::engine {

namespace {

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kText = 2;
constexpr std::uint32_t kFixed32 = 5;

// Fixed32 values are little-endian on the wire and are copied as they are.
static_assert(std::endian::native == std::endian::little);

} // namespace

void WireWriter::varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U)
        bytes_ += static_cast<char>(value | 0x80U);
    bytes_ += static_cast<char>(value);
}

void WireWriter::number(std::uint32_t field, std::uint64_t value) {
    varint(field << 3U | kVarint);
    varint(value);
}

void WireWriter::real(std::uint32_t field, float value) {
    varint(field << 3U | kFixed32);
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof raw);
}

void WireWriter::text(std::uint32_t field, std::string_view value) {
    varint(field << 3U | kText);
    varint(value.size());
    bytes_ += value;
}

bool WireReader::next() {
    if (failed_ || rest_.empty())
        return false;
    const std::uint64_t tag = varint();
    field_ = tag >> 3U;
    type_ = static_cast<Type>(tag & 7U);
    switch (type_) {
    case Type::Varint:
        number_ = varint();
        break;
    case Type::Fixed64:
        text_ = take(8);
        break;
    case Type::Text:
        text_ = take(varint());
        break;
    case Type::Fixed32:
        text_ = take(4);
        break;
    default:
        fail(); // groups, which no current file has
    }
    if (field_ == 0)
        fail();
    return !failed_;
}

std::uint64_t WireReader::number() {
    if (type_ != Type::Varint)
        fail();
    return failed_ ? 0 : number_;
}

float WireReader::real() {
    if (type_ != Type::Fixed32)
        fail();
    float value = 0;
    if (!failed_)
        std::memcpy(&value, text_.data(), sizeof value);
    return value;
}

std::string_view WireReader::text() {
    if (type_ != Type::Text)
        fail();
    return failed_ ? std::string_view() : text_;
}

std::uint64_t WireReader::varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (rest_.empty())
            break;
        const auto byte = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80)
            return value;
    }
    fail();
    return 0;
}

std::string_view WireReader::take(std::uint64_t count) {
    if (failed_ || count > rest_.size()) {
        fail();
        return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
}

void WireReader::fail() {
    failed_ = true;
    rest_ = {};
}

} // namespace lapidary::engine
