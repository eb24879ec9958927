#include "chat/json_schema.h"

#include <algorithm>

namespace lapidary::engine {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::string impliedType(const Json& schema) {
    if (member(schema, "properties") != nullptr)
        return "object";
    if (member(schema, "items") != nullptr)
        return "array";
    return "string";
}

/// One of several alternatives: the first that is more than null.
SchemaType unionType(const Json& alternatives) {
    SchemaType result;
    for (const Json& alternative : alternatives) {
        const std::string_view type = alternative.is_string()
                                          ? stringOf(&alternative)
                                          : stringOf(member(alternative, "type"));
        if (lower(type) == "null")
            result.nullable = true;
        else if (result.name.empty() && !type.empty()) {
            result.name = lower(type);
            result.structure = alternative.is_object() ? &alternative : nullptr;
        }
    }
    return result;
}

} // namespace

const Json* member(const Json& json, std::string_view key) {
    if (!json.is_object())
        return nullptr;
    const auto found = json.find(key);
    return found == json.end() ? nullptr : &*found;
}

std::string_view stringOf(const Json* json) {
    return json != nullptr && json->is_string() ? json->get_ref<const std::string&>()
                                                : std::string_view();
}

SchemaType schemaType(const Json& schema) {
    SchemaType result;
    const Json* const type = member(schema, "type");
    if (type != nullptr && type->is_string())
        result.name = lower(stringOf(type));
    else if (type != nullptr && type->is_array())
        result = unionType(*type);
    for (const char* key : {"anyOf", "oneOf"}) {
        const Json* const alternatives = member(schema, key);
        if (result.name.empty() && alternatives != nullptr && alternatives->is_array())
            result = unionType(*alternatives);
    }
    if (result.name.empty())
        result.name = impliedType(schema);
    if (result.structure == nullptr)
        result.structure = &schema;
    const Json* const nullable = member(schema, "nullable");
    result.nullable = result.nullable || (nullable != nullptr && *nullable == true);
    return result;
}

} // namespace lapidary::engine
