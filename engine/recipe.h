#pragma once

#include <kernels/error.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// Number format of the K/V cache. A new one is an entry here, a loader in each backend.
enum class CacheFormat : std::uint8_t { F32, BF16 };

/// What the linears of the language model become when they are loaded. Those that are quantised on
/// disk stay what they are.
enum class WeightChoice : std::uint8_t { AsStored, Fp8 };

/// How the head of the language model is read where tokens are drawn. In 8 bits the device keeps a
/// second, smaller copy, which tells the best tokens apart from the others, and reads of the head
/// as it is stored only those: what is drawn stays the same. The processor gains nothing by it, and
/// makes none.
enum class HeadChoice : std::uint8_t { AsStored, EightBits };

/// How a model is run: a choice with a name for people, stored as resources/recipes/*.json: an
/// object with title and, where they differ from the defaults here, summary, drafter, weights ("as
/// stored", "fp8"), head ("as stored", "8 bits"), cache ("bf16", "f32"), contextTokens and
/// imageBudget (one of kImageBudgets).
struct Recipe {
    std::string id;      ///< file name without ".json"
    std::string title;   ///< "Fast"
    std::string summary; ///< words of its own for what it is; "" for those its parts give
    std::string drafter; ///< "" for none, else the kind of drafter
    WeightChoice weights = WeightChoice::AsStored;
    HeadChoice head = HeadChoice::AsStored;
    CacheFormat cache = CacheFormat::BF16;
    int contextTokens = 32768; ///< at most; the model's own limit wins when it is lower
    int imageBudget = 280;     ///< soft tokens an image may cost

    bool operator==(const Recipe&) const = default;
};

/// Reads one recipe file. NotFound, Corrupt (not JSON, unknown key, value out of range).
[[nodiscard]] Expected<Recipe> readRecipe(const std::filesystem::path& file);

/// The same of a text; `id` is what sentences call it.
[[nodiscard]] Expected<Recipe> parseRecipe(std::string_view json, const std::string& id);

/// All recipes of a folder, by file name; files that cannot be read are errors of the whole.
[[nodiscard]] Expected<std::vector<Recipe>> readRecipes(const std::filesystem::path& folder);

} // namespace lapidary::engine
