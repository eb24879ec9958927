#include "generation/local_model.h"

#include "generation/context.h"
#include "generation/local_session.h"

#include <utility>

namespace lapidary::engine {

namespace {

/// Rows of a prefill chunk on the processor. A row is as quick among 64 as among hundreds there,
/// and a cancel is heard that much sooner.
constexpr int kProcessorChunk = 64;

/// What the folder suppresses, placeholders that no text needs, and rows of the embedding that no
/// token belongs to.
std::vector<std::int32_t> bannedTokens(const Tokenizer& tokenizer, const Checkpoint& checkpoint) {
    std::vector<std::int32_t> banned = checkpoint.generation().suppressedTokens;
    for (const Special special :
         {Special::ImageBegin, Special::AudioBegin, Special::ImageSoft, Special::AudioSoft,
          Special::ImageEnd, Special::AudioEnd, Special::VideoSoft})
        if (tokenizer.special().has(special))
            banned.push_back(tokenizer.special()[special]);
    for (int id = tokenizer.size(); id < checkpoint.config().vocabulary; ++id)
        banned.push_back(id);
    return banned;
}

} // namespace

LocalModel::LocalModel(std::unique_ptr<LoadedModel> loaded,
                       std::shared_ptr<const Tokenizer> tokenizer, ModelDescription description,
                       MemoryPlan plan, Recipe recipe)
    : loaded_(std::move(loaded))
    , tokenizer_(std::move(tokenizer))
    , description_(std::move(description))
    , plan_(plan)
    , recipe_(std::move(recipe))
    , banned_(engine::bannedTokens(*tokenizer_, loaded_->checkpoint)) {}

MemoryPlan LocalModel::measuredMemory() const {
    MemoryPlan measured = plan_;
    measured.bytes = {};
    const auto set = [&](MemoryPart part, std::size_t bytes) {
        measured.bytes[static_cast<std::size_t>(part)] = bytes;
    };
    set(MemoryPart::Weights, loaded_->weightBytes);
    std::size_t cacheBytes = 0;
    for (const KvCache* cache : caches_)
        cacheBytes += cache->bytes();
    set(MemoryPart::Cache, cacheBytes);
    set(MemoryPart::Activations, loaded_->activations.memory.bytes);
    return measured;
}

Expected<std::unique_ptr<Session>> LocalModel::openSession() {
    const bool onProcessor = loaded_->backend->describe().id == "cpu";
    auto context = Context::open(*loaded_, plan_.contextTokens, recipe_.cache,
                                 onProcessor ? kProcessorChunk : kPrefillChunk);
    if (!context)
        return std::unexpected(context.error());
    return std::make_unique<LocalSession>(shared_from_this(), std::move(*context));
}

TemplateRules LocalModel::templateRules() const {
    // E2B and E4B, which are the ones with per-layer embeddings, open their reply without a thought
    // (gemma4.md 7.1).
    return {.emptyThoughtChannel = !loaded_->config().perLayerInput};
}

} // namespace lapidary::engine
