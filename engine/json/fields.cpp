#include "json/fields.h"

#include <nlohmann/json.hpp>

#include <format>
#include <utility>

namespace lapidary::engine {

namespace {

const Json& emptyObject() {
    static const Json kEmpty = Json::object();
    return kEmpty;
}

} // namespace

void FieldErrors::report(ErrorKind kind, const std::string& what) {
    if (first_)
        return;
    const char* const remedy = kind == ErrorKind::Corrupt
                                   ? ": download or restore the file."
                                   : ", which Lapidary does not run: choose another model.";
    first_ = Error{kind, std::format("{}: {}{}", file_, what, remedy)};
}

Fields::Fields(const Json& object, std::string path, FieldErrors& errors)
    : object_(&object), path_(std::move(path)), errors_(&errors) {
    if (!object.is_object()) {
        std::string name = path_.empty() ? "the document" : path_.substr(0, path_.size() - 1);
        report(std::format("{} is not an object", name));
        object_ = &emptyObject();
    }
}

std::string Fields::nameOf(std::string_view key) const {
    return std::format("{}{}", path_, key);
}

const Json* Fields::find(std::string_view key) const {
    const auto found = object_->find(key);
    return found == object_->end() || found->is_null() ? nullptr : &*found;
}

bool Fields::names(std::string_view key) const {
    return object_->contains(key);
}

bool Fields::isList(std::string_view key) const {
    const Json* const value = find(key);
    return value != nullptr && value->is_array();
}

const Json* Fields::require(std::string_view key) {
    const Json* const value = find(key);
    if (value == nullptr)
        report(std::format("{} is missing", nameOf(key)));
    return value;
}

std::optional<std::int64_t> Fields::asInteger(const Json& value, const std::string& name,
                                              Range range) {
    // A number above 2^63 wraps in the conversion, so that its type is asked first.
    const bool large =
        value.is_number_unsigned()
        && value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<int>::max());
    if (!value.is_number_integer() || large || value.get<std::int64_t>() < range.low
        || value.get<std::int64_t>() > range.high) {
        report(std::format("{} must be a whole number from {} to {}", name, range.low, range.high));
        return std::nullopt;
    }
    return value.get<std::int64_t>();
}

std::optional<double> Fields::asNumber(const Json& value, const std::string& name, double low,
                                       double high) {
    const std::optional<double> number =
        value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
    if (!number || *number < low || *number > high) {
        report(std::format("{} must be a number from {} to {}", name, low, high));
        return std::nullopt;
    }
    return number;
}

std::optional<std::string> Fields::asText(const Json& value, const std::string& name) {
    if (!value.is_string()) {
        report(std::format("{} must be a string", name));
        return std::nullopt;
    }
    return value.get<std::string>();
}

int Fields::integer(std::string_view key, Range range) {
    const Json* const value = require(key);
    const auto number = value ? asInteger(*value, nameOf(key), range) : std::nullopt;
    return static_cast<int>(number.value_or(range.low));
}

std::optional<int> Fields::optionalInteger(std::string_view key, Range range) {
    const Json* const value = find(key);
    const auto number = value ? asInteger(*value, nameOf(key), range) : std::nullopt;
    return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

double Fields::number(std::string_view key, double low, double high) {
    const Json* const value = require(key);
    return value ? asNumber(*value, nameOf(key), low, high).value_or(low) : low;
}

std::optional<double> Fields::optionalNumber(std::string_view key, double low, double high) {
    const Json* const value = find(key);
    return value ? asNumber(*value, nameOf(key), low, high) : std::nullopt;
}

bool Fields::boolean(std::string_view key) {
    return require(key) != nullptr && boolean(key, false);
}

bool Fields::boolean(std::string_view key, bool absent) {
    const Json* const value = find(key);
    if (value == nullptr)
        return absent;
    if (!value->is_boolean()) {
        report(std::format("{} must be true or false", nameOf(key)));
        return absent;
    }
    return value->get<bool>();
}

std::string Fields::text(std::string_view key) {
    const Json* const value = require(key);
    return value ? asText(*value, nameOf(key)).value_or("") : "";
}

std::optional<std::string> Fields::optionalText(std::string_view key) {
    const Json* const value = find(key);
    return value ? asText(*value, nameOf(key)) : std::nullopt;
}

std::vector<std::string> Fields::texts(std::string_view key) {
    std::vector<std::string> found;
    const Json* const value = require(key);
    if (value == nullptr)
        return found;
    if (!value->is_array())
        report(std::format("{} must be a list", nameOf(key)));
    else
        for (const Json& entry : *value)
            found.push_back(
                asText(entry, std::format("each entry of {}", nameOf(key))).value_or(""));
    return found;
}

std::vector<std::int32_t> Fields::integers(std::string_view key, Range range) {
    std::vector<std::int32_t> found;
    const Json* const value = find(key);
    if (value == nullptr)
        return found;
    const auto add = [&](const Json& entry, const std::string& name) {
        if (const auto number = asInteger(entry, name, range))
            found.push_back(static_cast<std::int32_t>(*number));
    };
    if (!value->is_array())
        add(*value, nameOf(key));
    else
        for (const Json& entry : *value)
            add(entry, std::format("each entry of {}", nameOf(key)));
    return found;
}

Fields Fields::object(std::string_view key) {
    const Json* const value = require(key);
    return {value ? *value : emptyObject(), nameOf(key) + ".", *errors_};
}

std::optional<Fields> Fields::optionalObject(std::string_view key) {
    const Json* const value = find(key);
    return value ? std::optional(Fields(*value, nameOf(key) + ".", *errors_)) : std::nullopt;
}

std::vector<std::string> Fields::keys() const {
    std::vector<std::string> found;
    for (const auto& [key, value] : object_->items())
        found.push_back(key);
    return found;
}

} // namespace lapidary::engine
