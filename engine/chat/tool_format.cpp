#include "chat/tool_format.h"

#include "chat/json_schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <format>
#include <vector>

namespace lapidary::engine {

namespace {

using Member = std::pair<std::string_view, const Json*>;

char lowered(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// The members of a map by name, letters of both cases alike, equal ones in their order.
std::vector<Member> sortedMembers(const Json& map) {
    std::vector<Member> members;
    for (const auto& [key, value] : map.items())
        members.emplace_back(key, &value);
    std::ranges::stable_sort(members, [](const Member& a, const Member& b) {
        return std::ranges::lexicographical_compare(a.first, b.first, [](char x, char y) {
            return static_cast<unsigned char>(lowered(x)) < static_cast<unsigned char>(lowered(y));
        });
    });
    return members;
}

std::size_t depthOf(const Json& json, std::size_t limit) {
    if (!json.is_structured() || limit == 0)
        return 1;
    std::size_t deepest = 0;
    for (const Json& inner : json)
        deepest = std::max(deepest, depthOf(inner, limit - 1));
    return deepest + 1;
}

/// Parses a JSON object that is not nested too deeply; else null.
Json parseObject(std::string_view text) {
    Json json = Json::parse(text, nullptr, false);
    if (!json.is_object() || depthOf(json, kMaxJsonDepth) > kMaxJsonDepth)
        return nullptr;
    return json;
}

enum class Keys : std::uint8_t { Bare, Quoted };

/// Separates members by commas.
class Commas {
public:
    explicit Commas(PromptWriter& writer) : writer_(writer) {}
    void next() {
        if (any_)
            writer_.text(",");
        any_ = true;
    }

private:
    PromptWriter& writer_;
    bool any_ = false;
};

void writeValue(PromptWriter& writer, const Json& value, Keys keys) {
    switch (value.type()) {
    case Json::value_t::string:
        writer.quoted(stringOf(&value));
        break;
    case Json::value_t::boolean:
        writer.text(value == true ? "true" : "false");
        break;
    case Json::value_t::number_integer:
        writer.text(std::to_string(value.get<std::int64_t>()));
        break;
    case Json::value_t::number_unsigned:
        writer.text(std::to_string(value.get<std::uint64_t>()));
        break;
    case Json::value_t::number_float:
        writer.text(pythonFloat(value.get<double>()));
        break;
    case Json::value_t::array: {
        writer.text("[");
        Commas commas(writer);
        for (const Json& inner : value) {
            commas.next();
            writeValue(writer, inner, keys);
        }
        writer.text("]");
        break;
    }
    case Json::value_t::object: {
        writer.text("{");
        Commas commas(writer);
        for (const auto& [key, inner] : sortedMembers(value)) {
            commas.next();
            if (keys == Keys::Quoted)
                writer.quoted(key);
            else
                writer.text(key);
            writer.text(":");
            writeValue(writer, *inner, keys);
        }
        writer.text("}");
        break;
    }
    default:
        writer.text("null");
    }
}

void writeType(PromptWriter& writer, std::string_view name) {
    std::string upper(name);
    for (char& c : upper)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    writer.text("type:").quoted(upper);
}

bool isNonEmpty(const Json* json, Json::value_t type) {
    return json != nullptr && json->type() == type && !json->empty();
}

void writeRequired(PromptWriter& writer, const Json& names) {
    writer.text("required:[");
    Commas commas(writer);
    for (const Json& name : names) {
        if (!name.is_string())
            continue;
        commas.next();
        writer.quoted(stringOf(&name));
    }
    writer.text("]");
}

void writeProperties(PromptWriter& writer, const Json* properties);

/// The schema of the members of a list: its keys in order, those it does not know as values.
void writeItems(PromptWriter& writer, const Json& items) {
    writer.text("items:{");
    Commas commas(writer);
    const SchemaType type = schemaType(items);
    bool typeWritten = false;
    for (const auto& [key, value] : sortedMembers(items)) {
        if (value->is_null())
            continue;
        if (key == "anyOf" || key == "oneOf")
            continue; // what `type` says instead
        commas.next();
        if (key == "properties") {
            writeProperties(writer, value);
        } else if (key == "required" && value->is_array()) {
            writeRequired(writer, *value);
        } else if (key == "type") {
            writeType(writer, type.name);
            typeWritten = true;
        } else {
            writer.text(key).text(":");
            writeValue(writer, *value, Keys::Quoted);
        }
    }
    if (!typeWritten) {
        commas.next();
        writeType(writer, type.name);
    }
    writer.text("}");
}

void writeProperty(PromptWriter& writer, const Json& schema) {
    const SchemaType type = schemaType(schema);
    Commas commas(writer);
    if (const std::string_view text = stringOf(member(schema, "description")); !text.empty()) {
        commas.next();
        writer.text("description:").quoted(text);
    }
    const Json* const choices = member(*type.structure, "enum");
    if (type.name == "string" && isNonEmpty(choices, Json::value_t::array)) {
        commas.next();
        writer.text("enum:");
        writeValue(writer, *choices, Keys::Quoted);
    }
    const Json* const items = member(*type.structure, "items");
    if (type.name == "array" && isNonEmpty(items, Json::value_t::object)) {
        commas.next();
        writeItems(writer, *items);
    }
    if (type.nullable) {
        commas.next();
        writer.text("nullable:true");
    }
    if (type.name == "object") {
        commas.next();
        writeProperties(writer, member(*type.structure, "properties"));
        const Json* const required = member(*type.structure, "required");
        if (isNonEmpty(required, Json::value_t::array)) {
            commas.next();
            writeRequired(writer, *required);
        }
    }
    commas.next();
    writeType(writer, type.name);
}

/// "properties:{…}"; empty without a map, so that other keys are never taken for properties.
void writeProperties(PromptWriter& writer, const Json* properties) {
    writer.text("properties:{");
    if (properties != nullptr && properties->is_object()) {
        Commas commas(writer);
        for (const auto& [name, schema] : sortedMembers(*properties)) {
            commas.next();
            writer.text(name).text(":{");
            writeProperty(writer, *schema);
            writer.text("}");
        }
    }
    writer.text("}");
}

} // namespace

Expected<void> writeDeclaration(PromptWriter& writer, const Tool& tool) {
    Json parameters = Json::object();
    if (!tool.parameters.empty()) {
        parameters = parseObject(tool.parameters);
        if (parameters.is_null())
            return fail(ErrorKind::Corrupt,
                        std::format("The parameters of the tool {} are not a JSON schema object. "
                                    "Correct its definition.",
                                    tool.name));
    }
    writer.control(Special::ToolBegin).text("declaration:").text(tool.name);
    writer.text("{description:").quoted(tool.description);
    if (!parameters.empty()) {
        writer.text(",parameters:{");
        Commas commas(writer);
        const Json* const properties = member(parameters, "properties");
        if (isNonEmpty(properties, Json::value_t::object)) {
            commas.next();
            writeProperties(writer, properties);
        }
        const Json* const required = member(parameters, "required");
        if (isNonEmpty(required, Json::value_t::array)) {
            commas.next();
            writeRequired(writer, *required);
        }
        commas.next();
        writeType(writer, "object");
        writer.text("}");
    }
    writer.text("}").control(Special::ToolEnd);
    return {};
}

Expected<void> writeCall(PromptWriter& writer, const ToolCall& call) {
    const Json arguments = parseObject(call.arguments);
    if (arguments.is_null())
        return fail(ErrorKind::Corrupt,
                    std::format("The arguments of the call of {} are not a JSON object. Remove "
                                "the message or correct it.",
                                call.name));
    writer.control(Special::CallBegin).text("call:").text(call.name);
    writeValue(writer, arguments, Keys::Bare);
    writer.control(Special::CallEnd);
    return {};
}

void writeResponse(PromptWriter& writer, std::string_view name, std::string_view result) {
    writer.control(Special::ResponseBegin).text("response:").text(name).text("{value:");
    writer.quoted(result).text("}").control(Special::ResponseEnd);
}

std::string pythonFloat(double value) {
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value > 0 ? "inf" : "-inf";
    // repr: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16.
    char buffer[32];
    const auto written =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
    const std::string_view all(buffer, static_cast<std::size_t>(written.ptr - buffer));
    const std::size_t mark = all.find('e');
    int exponent = 0;
    const std::string_view power = all.substr(mark + (all[mark + 1] == '+' ? 2 : 1));
    std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (exponent < -4 || exponent >= 16)
        return std::string(all); // to_chars writes two digits of exponent, as Python does
    const auto fixed =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    std::string text(buffer, fixed.ptr);
    if (text.find('.') == std::string::npos)
        text += ".0";
    return text;
}

} // namespace lapidary::engine
