#include "safetensors/tensor_view.h"

#include <array>
#include <utility>

namespace lapidary::engine {

namespace {

struct TypeEntry {
    StoredType type;
    std::string_view name;
    std::size_t bytes;
};

constexpr std::array kTypes = {
    TypeEntry{StoredType::F32, "F32", 4},        TypeEntry{StoredType::F16, "F16", 2},
    TypeEntry{StoredType::BF16, "BF16", 2},      TypeEntry{StoredType::F8E4M3, "F8_E4M3", 1},
    TypeEntry{StoredType::F8E5M2, "F8_E5M2", 1}, TypeEntry{StoredType::I64, "I64", 8},
    TypeEntry{StoredType::I32, "I32", 4},        TypeEntry{StoredType::I8, "I8", 1},
    TypeEntry{StoredType::U8, "U8", 1},          TypeEntry{StoredType::Bool, "BOOL", 1},
};

const TypeEntry& entryOf(StoredType type) {
    return kTypes.at(static_cast<std::size_t>(type));
}

} // namespace

std::string_view nameOf(StoredType type) {
    return entryOf(type).name;
}

std::size_t sizeOf(StoredType type) {
    return entryOf(type).bytes;
}

std::optional<StoredType> storedTypeNamed(std::string_view name) {
    for (const TypeEntry& entry : kTypes)
        if (entry.name == name)
            return entry.type;
    return std::nullopt;
}

std::int64_t TensorView::elements() const {
    std::int64_t product = 1;
    for (const std::int64_t dimension : shape)
        product *= dimension;
    return product;
}

std::string describeShape(std::span<const std::int64_t> shape) {
    std::string text = "[";
    for (const std::int64_t dimension : shape) {
        if (text.size() > 1)
            text += ", ";
        text += std::to_string(dimension);
    }
    return text + "]";
}

} // namespace lapidary::engine
