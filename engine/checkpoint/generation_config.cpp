#include "checkpoint/limits.h"
#include "checkpoint/model_config.h"
#include "json/fields.h"
#include "json/parse.h"

#include <nlohmann/json.hpp>

namespace lapidary::engine {

Expected<GenerationConfig> readGenerationConfig(std::string_view json, const ModelConfig& config) {
    GenerationConfig generation;
    generation.eosTokens = config.eosTokens;
    if (json.empty())
        return generation;
    const Expected<Json> document = parseJson(json, "generation_config.json");
    if (!document)
        return std::unexpected(document.error());
    FieldErrors errors("generation_config.json");
    Fields top(*document, "", errors);

    const Range token = {0, config.vocabulary - 1};
    if (top.has("eos_token_id"))
        generation.eosTokens = top.integers("eos_token_id", token);
    generation.suppressedTokens = top.integers("suppress_tokens", token);
    kernels::Sampling& sampling = generation.sampling;
    sampling.temperature = static_cast<float>(
        top.optionalNumber("temperature", 0, 100).value_or(sampling.temperature));
    sampling.topK =
        top.optionalInteger("top_k", {0, limits::kVocabulary.high}).value_or(sampling.topK);
    sampling.topP = static_cast<float>(top.optionalNumber("top_p", 0, 1).value_or(sampling.topP));
    sampling.minP = static_cast<float>(top.optionalNumber("min_p", 0, 1).value_or(sampling.minP));
    sampling.repetitionPenalty = static_cast<float>(
        top.optionalNumber("repetition_penalty", 1e-3, 100).value_or(sampling.repetitionPenalty));
    if (const auto& error = errors.first())
        return std::unexpected(*error);
    return generation;
}

} // namespace lapidary::engine
