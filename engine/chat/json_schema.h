#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace lapidary::engine {

/// JSON whose maps keep their order.
using Json = nlohmann::ordered_json;

/// How deep values and schemas may be nested; deeper ones are refused.
inline constexpr std::size_t kMaxJsonDepth = 64;

/// What Gemma's declarations can say about a value: one type, and whether it may be null. Unions
/// ("type": ["string", "null"], "anyOf") become their first type that is not null.
struct SchemaType {
    std::string name; ///< lower case: "string", "object"
    bool nullable = false;
    const Json* structure = nullptr; ///< where its properties, items and enum stand
};

/// Reads the type of a schema, any JSON value; without one it follows from the other keys.
[[nodiscard]] SchemaType schemaType(const Json& schema);

/// The member `key` of a map, or nullptr if there is none or `json` is no map.
[[nodiscard]] const Json* member(const Json& json, std::string_view key);

/// The text of a JSON value that is a string, else "".
[[nodiscard]] std::string_view stringOf(const Json* json);

} // namespace lapidary::engine
