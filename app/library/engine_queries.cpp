#include "engine_queries.h"

#include "engine_session/folder_check.h"

namespace lapidary::app {

namespace {

Expected<engine::ModelDescription> describe(const std::filesystem::path& folder) {
    Expected<engine::ModelDescription> description = engine::describeModel(folder);
    if (!description)
        return description;
    if (const Expected<void> complete = checkFolder(folder); !complete)
        return std::unexpected(complete.error());
    return description;
}

} // namespace

EngineQueries engineQueries() {
    return {.describe = &describe,
            .plan = &engine::planMemory,
            .devices = &kernels::listDevices,
            .recipes = &engine::readRecipes,
            .missingCards = &kernels::missingCards};
}

} // namespace lapidary::app
