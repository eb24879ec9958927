#include "cli/model_folder.h"

#include <system_error>

namespace lapidary::cli {

std::filesystem::path modelFolder(const Arguments& arguments) {
    if (const auto chosen = arguments.value(kModelOption.name))
        return *chosen;
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    // PREFIX/bin/lapidary-cli has its data in PREFIX/share/lapidary.
    const fs::path installed = program.parent_path().parent_path() / "share/lapidary/demo-model";
    if (fs::exists(installed / "config.json", error))
        return installed;
    return fs::path(LAPIDARY_RESOURCES) / "demo-model";
}

} // namespace lapidary::cli
