#include "folder_check.h"

#include <format>

namespace lapidary::app {

Expected<void> checkFolder(const std::filesystem::path& folder) {
    std::error_code ignored;
    for (const char* const tokenizer : {"tokenizer.json", "tokenizer.model"})
        if (std::filesystem::exists(folder / tokenizer, ignored))
            return {};
    return fail(ErrorKind::NotFound,
                std::format("{} has no tokenizer.json and no tokenizer.model. Download the model's "
                            "folder again.",
                            folder.filename().string()));
}

} // namespace lapidary::app
