#include "chat/call_parser.h"

#include "chat/json_schema.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace lapidary::engine {

namespace {

bool isBlank(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}
bool isCloser(char c) {
    return c == '}' || c == ']';
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && isBlank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && isBlank(text.back()))
        text.remove_suffix(1);
    return text;
}

std::string withoutMarks(std::string_view text) {
    std::string result(text);
    std::ranges::replace(result, kQuoteMark, '"');
    return result;
}

void appendCodePoint(std::string& out, std::uint32_t point) {
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xC0U | point >> 6U);
        out += static_cast<char>(0x80U | (point & 0x3FU));
    } else if (point < 0x10000) {
        out += static_cast<char>(0xE0U | point >> 12U);
        out += static_cast<char>(0x80U | (point >> 6U & 0x3FU));
        out += static_cast<char>(0x80U | (point & 0x3FU));
    } else {
        out += static_cast<char>(0xF0U | point >> 18U);
        out += static_cast<char>(0x80U | (point >> 12U & 0x3FU));
        out += static_cast<char>(0x80U | (point >> 6U & 0x3FU));
        out += static_cast<char>(0x80U | (point & 0x3FU));
    }
}

/// Four hexadecimal digits at the beginning, or nothing.
std::optional<std::uint32_t> hexUnit(std::string_view text) {
    if (text.size() < 4)
        return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : text.substr(0, 4)) {
        const std::size_t digit =
            std::string_view("0123456789abcdef")
                .find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
        if (digit == std::string_view::npos)
            return std::nullopt;
        value = value << 4U | static_cast<std::uint32_t>(digit);
    }
    return value;
}

/// The escapes of JSON; a backslash before anything else is a backslash, as in Windows paths.
std::string unescaped(std::string_view text) {
    constexpr std::string_view kNames = "\"'\\/bfnrt";
    constexpr std::string_view kValues = "\"'\\/\b\f\n\r\t";
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            result += text[i];
            continue;
        }
        const std::size_t name = kNames.find(text[i + 1]);
        if (name != std::string_view::npos) {
            result += kValues[name];
            ++i;
            continue;
        }
        std::optional<std::uint32_t> unit;
        if (text[i + 1] == 'u')
            unit = hexUnit(text.substr(i + 2));
        if (!unit) {
            result += '\\';
            continue;
        }
        i += 5;
        if (*unit >= 0xD800 && *unit < 0xE000) {
            // Half of a pair: with its other half, or U+FFFD.
            std::optional<std::uint32_t> low;
            if (*unit < 0xDC00 && text.substr(i + 1).starts_with("\\u"))
                low = hexUnit(text.substr(i + 3));
            if (low && *low >= 0xDC00 && *low < 0xE000) {
                unit = 0x10000 + ((*unit - 0xD800) << 10U) + (*low - 0xDC00);
                i += 6;
            } else {
                unit = 0xFFFD;
            }
        }
        appendCodePoint(result, *unit);
    }
    return result;
}

class Parser {
public:
    Parser(std::string_view source, std::span<const Tool> tools) : source_(source), tools_(tools) {}

    std::optional<std::vector<ToolCall>> parse() {
        std::vector<ToolCall> calls;
        do {
            if (!parseCall(calls))
                return std::nullopt;
            while (
                at_ < source_.size()
                && (isBlank(peek()) || isCloser(peek()) || peek() == ',' || peek() == kQuoteMark))
                ++at_;
        } while (rest().starts_with("call:"));
        return calls;
    }

private:
    [[nodiscard]] bool atEnd() const { return at_ >= source_.size(); }
    [[nodiscard]] char peek() const { return source_[at_]; }
    [[nodiscard]] std::string_view rest() const { return source_.substr(at_); }

    void skipBlanks() {
        while (!atEnd() && isBlank(peek()))
            ++at_;
    }

    bool parseCall(std::vector<ToolCall>& calls) {
        skipBlanks();
        if (rest().starts_with("call:"))
            at_ += 5;
        else if (rest().starts_with(":"))
            ++at_;
        const std::size_t brace = std::min(source_.find('{', at_), source_.size());
        const std::string_view name = trimmed(source_.substr(at_, brace - at_));
        const bool isName = !name.empty() && std::ranges::none_of(name, [](char c) {
            return isBlank(c) || isCloser(c) || c == '[' || c == '"' || c == ',' || c == kQuoteMark;
        });
        const auto tool = std::ranges::find(tools_, name, &Tool::name);
        // Without arguments only a name that exists is a call.
        if (!isName || (brace == source_.size() && tool == tools_.end()))
            return false;
        Json schema;
        if (tool != tools_.end())
            schema = Json::parse(tool->parameters, nullptr, false);
        at_ = std::min(brace + 1, source_.size());
        Json arguments = Json::object();
        depth_ = 1;
        if (!parseMembers(arguments, schema))
            return false;
        calls.push_back(
            {.id = {},
             .name = std::string(name),
             .arguments = arguments.dump(-1, ' ', false, Json::error_handler_t::replace)});
        return true;
    }

    /// Members up to the closing brace, which may be missing at the end.
    bool parseMembers(Json& object, const Json& schema) {
        const Json* const properties = member(schema, "properties");
        scopes_.push_back(properties);
        while (true) {
            while (!atEnd() && (isBlank(peek()) || peek() == ','))
                ++at_;
            if (atEnd())
                break;
            if (peek() == '}') {
                ++at_;
                break;
            }
            std::string key;
            if (!parseKey(key))
                return false;
            const Json* const known = properties == nullptr ? nullptr : member(*properties, key);
            static const Json kUnknown;
            Json value;
            if (!parseValue(value, known == nullptr ? kUnknown : *known))
                return false;
            object[key] = std::move(value);
            skipBlanks();
            if (!atEnd() && peek() != ',' && peek() != '}')
                return false;
        }
        scopes_.pop_back();
        --depth_;
        return true;
    }

    bool parseElements(Json& list, const Json& schema) {
        const Json* const items = member(schema, "items");
        static const Json kUnknown;
        while (true) {
            while (!atEnd() && (isBlank(peek()) || peek() == ','))
                ++at_;
            if (atEnd())
                break;
            if (peek() == ']') {
                ++at_;
                break;
            }
            Json value;
            if (!parseValue(value, items == nullptr ? kUnknown : *items))
                return false;
            list.push_back(std::move(value));
            skipBlanks();
            if (!atEnd() && peek() != ',' && peek() != ']')
                return false;
        }
        --depth_;
        return true;
    }

    bool parseKey(std::string& key) {
        if (peek() == kQuoteMark || peek() == '"' || peek() == '\'') {
            const std::size_t close = source_.find(peek(), at_ + 1);
            if (close == std::string_view::npos)
                return false;
            key = withoutMarks(source_.substr(at_ + 1, close - at_ - 1));
            at_ = close + 1;
        } else {
            const std::size_t end =
                std::min(source_.find_first_of(":,{}[]\xFF", at_), source_.size());
            key = trimmed(source_.substr(at_, end - at_));
            at_ = end;
        }
        skipBlanks();
        if (key.empty() || atEnd() || peek() != ':')
            return false;
        ++at_;
        return true;
    }

    bool parseValue(Json& value, const Json& schema) {
        const std::string type = schema.is_null() ? std::string() : schemaType(schema).name;
        skipBlanks();
        if (atEnd()) {
            value = type == "string" ? Json("") : Json(nullptr);
            return true;
        }
        switch (peek()) {
        case '{':
        case '[': {
            // Text that a schema calls a string may begin with a brace: code, or JSON as text.
            if (type == "string")
                break;
            if (depth_ + 1 >= kMaxJsonDepth) // a scalar is a level too
                return false;
            ++depth_;
            const bool isMap = source_[at_++] == '{';
            value = isMap ? Json::object() : Json::array();
            return isMap ? parseMembers(value, schema) : parseElements(value, schema);
        }
        case kQuoteMark:
            value = markedString();
            return coerce(value, type);
        case '"':
        case '\'':
            value = quotedString();
            return coerce(value, type);
        default:
            break;
        }
        if (type == "string") {
            value = withoutMarks(verbatim());
            return true;
        }
        const std::size_t end = std::min(source_.find_first_of(",}]", at_), source_.size());
        value = literal(trimmed(source_.substr(at_, end - at_)));
        at_ = end;
        return coerce(value, type);
    }

    /// A string between two marks; without the second it ends before the final closers.
    std::string markedString() {
        ++at_;
        const std::size_t close = source_.find(kQuoteMark, at_);
        const std::size_t end = close == std::string_view::npos ? beforeFinalClosers() : close;
        std::string text(source_.substr(at_, end - at_));
        at_ = close == std::string_view::npos ? end : close + 1;
        return text;
    }

    /// A string of JSON, or one between single quotes. Its end is a quote that a comma or a closer
    /// follows, so that quotes inside, which models forget to escape, do no harm.
    std::string quotedString() {
        const char quote = source_[at_++];
        std::size_t end = at_;
        for (; end < source_.size(); ++end) {
            if (source_[end] == '\\') {
                ++end;
                continue;
            }
            if (source_[end] != quote)
                continue;
            const std::size_t next = source_.find_first_not_of(" \n\t\r", end + 1);
            if (next == std::string_view::npos || source_[next] == ',' || isCloser(source_[next]))
                break;
        }
        const bool closed = end < source_.size();
        end = closed ? end : beforeFinalClosers();
        std::string text = unescaped(withoutMarks(source_.substr(at_, end - at_)));
        at_ = closed ? end + 1 : end;
        return text;
    }

    /// Text that the schema calls a string but that has no quotes: up to the next argument that is
    /// known, or to the end of the call.
    std::string_view verbatim() {
        const std::size_t last = beforeFinalClosers();
        std::size_t end = last;
        for (std::size_t i = at_; i < last; ++i) {
            if (source_[i] != ',')
                continue;
            std::size_t key = i + 1;
            while (key < last && isBlank(source_[key]))
                ++key;
            if (!isKnownKey(key))
                continue;
            // Closers right before it end the maps that lie between.
            std::size_t open = depth_;
            end = i;
            while (end > at_ && open > 1
                   && (isCloser(source_[end - 1]) || isBlank(source_[end - 1]))
                   && !isInnermost(key)) {
                if (isCloser(source_[--end]))
                    --open;
            }
            break;
        }
        const std::string_view text = trimmed(source_.substr(at_, end - at_));
        at_ = end;
        return text;
    }

    /// Whether one of the names that can follow here, and a colon, stand at `at`.
    [[nodiscard]] bool isKnownKey(std::size_t at) const {
        return std::ranges::any_of(scopes_, [&](const Json* scope) { return hasKey(scope, at); });
    }
    [[nodiscard]] bool isInnermost(std::size_t at) const { return hasKey(scopes_.back(), at); }

    [[nodiscard]] bool hasKey(const Json* scope, std::size_t at) const {
        if (scope == nullptr || !scope->is_object())
            return false;
        std::string_view text = source_.substr(at);
        if (!text.empty() && (text.front() == kQuoteMark || text.front() == '"'))
            text.remove_prefix(1);
        return std::ranges::any_of(scope->items(), [&](const auto& entry) {
            if (!text.starts_with(entry.key()))
                return false;
            std::size_t next = entry.key().size();
            while (next < text.size()
                   && (isBlank(text[next]) || text[next] == '"' || text[next] == kQuoteMark))
                ++next;
            return next < text.size() && text[next] == ':';
        });
    }

    /// Where the closers of all open maps and lists begin, at the end of the source.
    [[nodiscard]] std::size_t beforeFinalClosers() const {
        std::size_t end = source_.size();
        std::size_t open = depth_;
        while (end > at_
               && (isBlank(source_[end - 1]) || (open > 0 && isCloser(source_[end - 1])))) {
            if (isCloser(source_[--end]))
                --open;
        }
        return end;
    }

    static Json literal(std::string_view text) {
        if (text == "true" || text == "True")
            return true;
        if (text == "false" || text == "False")
            return false;
        if (text == "null" || text == "None")
            return nullptr;
        Json number = Json::parse(text, nullptr, false);
        return number.is_number() ? number : Json(withoutMarks(text));
    }

    /// A text where the schema wants a number or a truth value becomes one if it reads like one.
    static bool coerce(Json& value, const std::string& type) {
        if (!value.is_string())
            return true;
        if (type != "integer" && type != "number" && type != "boolean")
            return true;
        const Json read = literal(trimmed(stringOf(&value)));
        if (type == "boolean" ? read.is_boolean() : read.is_number())
            value = read;
        return true;
    }

    std::string_view source_;
    std::span<const Tool> tools_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;           // open maps and lists
    std::vector<const Json*> scopes_; // the properties of the open maps
};

} // namespace

std::optional<std::vector<ToolCall>> parseCalls(std::string_view source,
                                                std::span<const Tool> tools) {
    return Parser(source, tools).parse();
}

} // namespace lapidary::engine
