#pragma once

#include "json/parse.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// The first thing that was wrong with a document, in a sentence that names file and key.
class FieldErrors {
public:
    explicit FieldErrors(std::string file) : file_(std::move(file)) {}

    /// Keeps the first: "FILE: WHAT: download or restore the file." for Corrupt, and "FILE: WHAT,
    /// which Lapidary does not run: choose another model." for Unsupported.
    void report(ErrorKind kind, const std::string& what);

    [[nodiscard]] const std::optional<Error>& first() const { return first_; }

private:
    std::string file_;
    std::optional<Error> first_;
};

/// The range that a number must lie in, both ends allowed.
struct Range {
    std::int64_t low = 0;
    std::int64_t high = std::numeric_limits<std::int32_t>::max();
};

/// Reads the fields of one object straight down. A field that is missing, of another type or out
/// of range is reported to the errors and reads as the lowest allowed value, so that readers check
/// once, at the end. A null counts as absent. Document and errors outlive it.
class Fields {
public:
    /// `path` is what sentences put before a key: "" or "text_config.".
    Fields(const Json& object, std::string path, FieldErrors& errors);

    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }

    /// True when the key is there, even as null.
    [[nodiscard]] bool names(std::string_view key) const;

    int integer(std::string_view key, Range range);
    std::optional<int> optionalInteger(std::string_view key, Range range);
    double number(std::string_view key, double low, double high);
    std::optional<double> optionalNumber(std::string_view key, double low, double high);
    [[nodiscard]] bool isList(std::string_view key) const;

    bool boolean(std::string_view key);
    bool boolean(std::string_view key, bool absent);
    std::string text(std::string_view key);
    std::optional<std::string> optionalText(std::string_view key);
    std::vector<std::string> texts(std::string_view key);

    /// One integer or a list of them; none when absent.
    std::vector<std::int32_t> integers(std::string_view key, Range range);

    /// An object; an empty one when it is reported as missing.
    Fields object(std::string_view key);
    std::optional<Fields> optionalObject(std::string_view key);

    [[nodiscard]] std::vector<std::string> keys() const;
    [[nodiscard]] std::string nameOf(std::string_view key) const;

    /// Reports Corrupt about this object.
    void report(const std::string& what) { errors_->report(ErrorKind::Corrupt, what); }
    void unsupported(const std::string& what) { errors_->report(ErrorKind::Unsupported, what); }

private:
    [[nodiscard]] const Json* find(std::string_view key) const;
    const Json* require(std::string_view key);
    std::optional<std::int64_t> asInteger(const Json& value, const std::string& name, Range range);
    std::optional<double> asNumber(const Json& value, const std::string& name, double low,
                                   double high);
    std::optional<std::string> asText(const Json& value, const std::string& name);

    const Json* object_;
    std::string path_;
    FieldErrors* errors_;
};

} // namespace lapidary::engine
