#include "cli/bench/source.h"

#include "cli/model_folder.h"
#include "file/text_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace lapidary::cli {

using namespace engine;

namespace {

constexpr std::array<std::string_view, 5> kSizes = {"12b", "31b", "26b-a4b", "e4b", "e2b"};
constexpr std::size_t kLargestConfig = 16U << 20U;

} // namespace

Expected<Checkpoint> openSource(const Arguments& arguments) {
    const auto size = arguments.value(kSyntheticOption.name);
    if (!size)
        return Checkpoint::open(modelFolder(arguments));
    const std::filesystem::path file = std::ranges::contains(kSizes, std::string_view(*size))
                                           ? resourceFolder() / "sizes" / (*size + ".json")
                                           : std::filesystem::path(*size);
    return readTextFile(file, kLargestConfig)
        .and_then([](const std::string& text) { return readModelConfig(text); })
        .and_then([](ModelConfig config) { return Checkpoint::synthetic(std::move(config)); });
}

} // namespace lapidary::cli
