#pragma once

#include <kernels/error.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::cli {

/// One option of a command.
struct Option {
    std::string_view name;  ///< "--model"
    std::string_view value; ///< what follows it, "DIR"; "" for a switch
    std::string_view help;  ///< one line
};

/// The arguments of a command, checked against its options: options and operands in any order,
/// "--name value" or "--name=value", everything after "--" is an operand, "-" alone as well.
/// An option that is given more than once is repeated; `value` is then its last one.
class Arguments {
public:
    /// Unsupported, naming the argument: an unknown option, a missing value, a value for a switch.
    [[nodiscard]] static Expected<Arguments> parse(std::span<const Option> options,
                                                   std::span<const std::string_view> arguments);

    [[nodiscard]] bool has(std::string_view option) const;
    [[nodiscard]] std::optional<std::string> value(std::string_view option) const;
    [[nodiscard]] std::vector<std::string> values(std::string_view option) const;
    [[nodiscard]] const std::vector<std::string>& operands() const { return operands_; }

    /// The number of an option, or `absent`. Unsupported, naming option and range.
    [[nodiscard]] Expected<int> integer(std::string_view option, int absent, int low,
                                        int high) const;
    [[nodiscard]] Expected<double> number(std::string_view option, double absent, double low,
                                          double high) const;

private:
    struct Given {
        std::string option;
        std::string value;
    };
    std::vector<Given> given_;
    std::vector<std::string> operands_;
};

} // namespace lapidary::cli
