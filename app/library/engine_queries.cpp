#include "engine_queries.h"

namespace lapidary::app {

EngineQueries engineQueries() {
    return {.describe = &engine::describeModel,
            .plan = &engine::planMemory,
            .devices = &kernels::listDevices,
            .recipes = &engine::readRecipes,
            .missingCards = &kernels::missingCards};
}

} // namespace lapidary::app
