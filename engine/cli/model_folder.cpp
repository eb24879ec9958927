#include "cli/model_folder.h"

#include <system_error>

namespace lapidary::cli {

std::filesystem::path resourceFolder() {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    // PREFIX/bin/lapidary-cli has its data in PREFIX/share/lapidary.
    const fs::path installed = program.parent_path().parent_path() / "share/lapidary";
    return fs::exists(installed, error) ? installed : fs::path(LAPIDARY_RESOURCES);
}

std::filesystem::path modelFolder(const Arguments& arguments) {
    namespace fs = std::filesystem;
    if (const auto chosen = arguments.value(kModelOption.name))
        return *chosen;
    std::error_code error;
    const fs::path demo = resourceFolder() / "demo-model";
    return fs::exists(demo / "config.json", error) ? demo
                                                   : fs::path(LAPIDARY_RESOURCES) / "demo-model";
}

} // namespace lapidary::cli
