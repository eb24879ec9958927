#pragma once

#include "cache/kv_cache.h"
#include "chat/template.h"
#include "generation/loaded_model.h"
#include "model.h"
#include "recipe.h"
#include "tokenizer/tokenizer.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lapidary::engine {

/// A model of this process: the networks, the tokenizer, and how the recipe wants them run.
class LocalModel final : public Model, public std::enable_shared_from_this<LocalModel> {
public:
    LocalModel(std::unique_ptr<LoadedModel> loaded, std::shared_ptr<const Tokenizer> tokenizer,
               ModelDescription description, MemoryPlan plan, Recipe recipe);

    [[nodiscard]] const ModelDescription& description() const override { return description_; }
    [[nodiscard]] const MemoryPlan& plan() const override { return plan_; }
    [[nodiscard]] MemoryPlan measuredMemory() const override;
    [[nodiscard]] Expected<std::unique_ptr<Session>> openSession() override;

    [[nodiscard]] LoadedModel& loaded() { return *loaded_; }
    [[nodiscard]] const Tokenizer& tokenizer() const { return *tokenizer_; }
    [[nodiscard]] TemplateRules templateRules() const;
    [[nodiscard]] int imageBudget() const { return recipe_.imageBudget; }

    /// Tokens that are never drawn (gemma4.md 6.5).
    [[nodiscard]] std::span<const std::int32_t> bannedTokens() const { return banned_; }

    /// Caches of sessions are counted, from when they are there to when they go.
    void cacheOpened(const KvCache& cache) { caches_.push_back(&cache); }
    void cacheClosed(const KvCache& cache) { std::erase(caches_, &cache); }

private:
    std::unique_ptr<LoadedModel> loaded_;
    std::shared_ptr<const Tokenizer> tokenizer_;
    ModelDescription description_;
    MemoryPlan plan_;
    Recipe recipe_;
    std::vector<std::int32_t> banned_;
    std::vector<const KvCache*> caches_;
};

} // namespace lapidary::engine
