#include "cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <ranges>

namespace lapidary::cli {

namespace {

std::unexpected<Error> misuse(std::string sentence) {
    return fail(ErrorKind::Unsupported, std::move(sentence));
}

template <class Number>
Expected<Number> parseNumber(std::string_view option, const std::string& text, Number low,
                             Number high) {
    Number number = {};
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end || !(number >= low && number <= high))
        return misuse(
            std::format("{} takes a number from {} to {}, not \"{}\".", option, low, high, text));
    return number;
}

} // namespace

Expected<Arguments> Arguments::parse(std::span<const Option> options,
                                     std::span<const std::string_view> arguments) {
    Arguments result;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--") {
            for (const std::string_view operand : arguments.subspan(i + 1))
                result.operands_.emplace_back(operand);
            return result;
        }
        if (!argument.starts_with('-') || argument == "-") {
            result.operands_.emplace_back(argument);
            continue;
        }
        const std::size_t equals = argument.find('=');
        const std::string_view name = argument.substr(0, equals);
        const auto option = std::ranges::find(options, name, &Option::name);
        if (option == options.end())
            return misuse(std::format("{} is no option of this command; --help lists them.", name));
        std::string value;
        if (option->value.empty()) {
            if (equals != std::string_view::npos)
                return misuse(std::format("{} takes no value.", name));
        } else if (equals != std::string_view::npos) {
            value = argument.substr(equals + 1);
        } else if (i + 1 < arguments.size()) {
            value = arguments[++i];
        } else {
            return misuse(std::format("{} needs a value: {} {}.", name, name, option->value));
        }
        result.given_.push_back({std::string(name), std::move(value)});
    }
    return result;
}

bool Arguments::has(std::string_view option) const {
    return std::ranges::contains(given_, option, &Given::option);
}

std::optional<std::string> Arguments::value(std::string_view option) const {
    const std::vector<std::string> all = values(option);
    return all.empty() ? std::nullopt : std::optional(all.back());
}

std::vector<std::string> Arguments::values(std::string_view option) const {
    std::vector<std::string> found;
    for (const Given& given : given_)
        if (given.option == option)
            found.push_back(given.value);
    return found;
}

Expected<int> Arguments::integer(std::string_view option, int absent, int low, int high) const {
    const std::optional<std::string> text = value(option);
    return text ? parseNumber(option, *text, low, high) : absent;
}

Expected<double> Arguments::number(std::string_view option, double absent, double low,
                                   double high) const {
    const std::optional<std::string> text = value(option);
    return text ? parseNumber(option, *text, low, high) : absent;
}

} // namespace lapidary::cli
