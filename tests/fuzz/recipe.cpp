#include "recipe.h"

#include <kernels/assert.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace lapidary::engine;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto recipe = parseRecipe(text, "fuzzed");
    LAPIDARY_ASSERT(recipe || !recipe.error().sentence.empty());
    if (recipe)
        LAPIDARY_ASSERT(recipe->contextTokens >= 256 && recipe->imageBudget >= 70);
    return 0;
}
