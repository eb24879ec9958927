#include "recipe.h"

#include "file/text_file.h"
#include "image.h"
#include "json/fields.h"
#include "json/parse.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <format>
#include <iterator>
#include <system_error>

namespace lapidary::engine {

namespace {

constexpr std::size_t kLargestRecipe = 64 << 10;

struct CacheName {
    std::string_view name;
    CacheFormat format;
};
constexpr std::array kCacheNames = {CacheName{"f32", CacheFormat::F32},
                                    CacheName{"bf16", CacheFormat::BF16}};

constexpr std::array<std::string_view, 8> kKeys = {
    "title", "summary", "drafter", "weights", "head", "cache", "contextTokens", "imageBudget"};

CacheFormat readCache(Fields& top, CacheFormat absent) {
    const std::optional<std::string> name = top.optionalText("cache");
    if (!name)
        return absent;
    const auto* const found = std::ranges::find(kCacheNames, *name, &CacheName::name);
    if (found != kCacheNames.end())
        return found->format;
    top.report(std::format("cache is \"{}\", and can be f32 or bf16", *name));
    return absent;
}

WeightChoice readWeights(Fields& top) {
    const std::string name = top.optionalText("weights").value_or("as stored");
    if (name != "as stored" && name != "fp8")
        top.report(std::format(R"(weights is "{}", and can be "as stored" or fp8)", name));
    return name == "fp8" ? WeightChoice::Fp8 : WeightChoice::AsStored;
}

HeadChoice readHead(Fields& top) {
    const std::string name = top.optionalText("head").value_or("as stored");
    if (name != "as stored" && name != "8 bits")
        top.report(std::format(R"(head is "{}", and can be "as stored" or "8 bits")", name));
    return name == "8 bits" ? HeadChoice::EightBits : HeadChoice::AsStored;
}

} // namespace

Expected<Recipe> parseRecipe(std::string_view json, const std::string& id) {
    const std::string file = id + ".json";
    const Expected<Json> document = parseJson(json, file, {.depth = 4, .values = 1000});
    if (!document)
        return std::unexpected(document.error());
    FieldErrors errors(file);
    Fields top(*document, "", errors);

    Recipe recipe;
    recipe.id = id;
    recipe.title = top.text("title");
    recipe.summary = top.optionalText("summary").value_or("");
    recipe.drafter = top.optionalText("drafter").value_or("");
    recipe.weights = readWeights(top);
    recipe.head = readHead(top);
    recipe.cache = readCache(top, recipe.cache);
    recipe.contextTokens =
        top.optionalInteger("contextTokens", {256, 1 << 24}).value_or(recipe.contextTokens);
    recipe.imageBudget =
        top.optionalInteger("imageBudget", {0, 1 << 16}).value_or(recipe.imageBudget);
    if (!std::ranges::contains(kImageBudgets, recipe.imageBudget))
        top.report(std::format("imageBudget is {}, and can be 70, 140, 280, 560 or 1120",
                               recipe.imageBudget));
    for (const std::string& key : top.keys())
        if (!std::ranges::contains(kKeys, key))
            top.report(std::format("{} is no key of a recipe", key));
    if (const auto& error = errors.first())
        return std::unexpected(*error);
    return recipe;
}

Expected<Recipe> readRecipe(const std::filesystem::path& file) {
    const Expected<std::string> text = readTextFile(file, kLargestRecipe);
    if (!text)
        return std::unexpected(text.error());
    return parseRecipe(*text, file.stem().string());
}

Expected<std::vector<Recipe>> readRecipes(const std::filesystem::path& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    std::filesystem::directory_iterator entry(folder, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
        if (entry->path().extension() == ".json")
            files.push_back(entry->path());
    if (error)
        return fail(ErrorKind::NotFound,
                    std::format("The recipes in {} cannot be read: install Lapidary again.",
                                folder.string()),
                    error.message());
    std::ranges::sort(files);
    std::vector<Recipe> recipes;
    for (const std::filesystem::path& file : files) {
        Expected<Recipe> recipe = readRecipe(file);
        if (!recipe)
            return std::unexpected(recipe.error());
        recipes.push_back(std::move(*recipe));
    }
    return recipes;
}

} // namespace lapidary::engine
