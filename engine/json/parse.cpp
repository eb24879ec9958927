#include "json/parse.h"

#include <nlohmann/json.hpp>

#include <format>
#include <string>
#include <utility>
#include <vector>

namespace lapidary::engine {

namespace {

/// Builds the document from the library's events; the first refusal ends the parse.
class Builder final : public nlohmann::json_sax<Json> {
public:
    explicit Builder(const JsonLimits& limits) : limits_(limits) {}

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t&) override { return add(value); }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t&) override { return refuse("holds binary data"); }

    bool start_object(std::size_t) override { return open(Json::object()); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_array() override { return close(); }

    bool key(string_t& value) override {
        if (open_.back()->contains(value))
            return refuse(std::format("has the key \"{}\" twice in one object", value));
        key_ = std::move(value);
        return true;
    }

    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& error) override {
        detail_ = error.what();
        return refuse(std::format("is not valid JSON at byte {}", position));
    }

    Json& document() { return document_; }
    [[nodiscard]] const std::string& reason() const { return reason_; }
    [[nodiscard]] const std::string& detail() const { return detail_; }

private:
    bool refuse(std::string reason) {
        if (reason_.empty())
            reason_ = std::move(reason);
        return false;
    }

    /// Puts a value where the parse stands; the new place, or null when there are too many.
    Json* place(Json value) {
        if (++count_ > limits_.values) {
            refuse(std::format("has more than {} values", limits_.values));
            return nullptr;
        }
        if (open_.empty())
            return &(document_ = std::move(value));
        Json& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[key_] = std::move(value));
    }

    bool add(Json value) { return place(std::move(value)) != nullptr; }

    bool open(Json container) {
        if (open_.size() == limits_.depth)
            return refuse(std::format("is nested deeper than {} levels", limits_.depth));
        Json* const placed = place(std::move(container));
        if (placed != nullptr)
            open_.push_back(placed);
        return placed != nullptr;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    JsonLimits limits_;
    Json document_;
    std::vector<Json*> open_; ///< stays valid: only the innermost container grows
    std::string key_;
    std::size_t count_ = 0;
    std::string reason_;
    std::string detail_;
};

} // namespace

Expected<Json> parseJson(std::string_view text, std::string_view file, const JsonLimits& limits) {
    Builder builder(limits);
    if (Json::sax_parse(text, &builder))
        return std::move(builder.document());
    return fail(ErrorKind::Corrupt,
                std::format("{} {}: download or restore the file.", file, builder.reason()),
                builder.detail());
}

} // namespace lapidary::engine
