#include "chat/template.h"
#include "checkpoint/describe.h"
#include "file/text_file.h"
#include "generation/context.h"
#include "generation/loaded_model.h"
#include "generation/local_model.h"
#include "memory/footprint.h"
#include "memory/refusal.h"
#include "model.h"

#include <algorithm>
#include <utility>

namespace lapidary::engine {

namespace {

/// Computes one token, so that the first question does not wait for threads to start, for kernels
/// to be set up and for what else comes with a first time.
Expected<void> warmUp(LoadedModel& model, CacheFormat format) {
    auto context = Context::open(model, 1, format);
    if (!context)
        return std::unexpected(context.error());
    context->extend(model.config().tokens.bos);
    const auto token = context->draw({}, {});
    return token ? Expected<void>() : std::unexpected(token.error());
}

/// A template that is missing or unreadable says nothing: none is needed to write a prompt.
std::string templateNoticeOf(const std::filesystem::path& folder) {
    constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
    const auto text = readTextFile(folder / "chat_template.jinja", kMostBytes);
    return text ? templateNotice(*text) : std::string();
}

} // namespace

Expected<std::shared_ptr<Model>> loadModel(const LoadRequest& request) {
    auto checkpoint = Checkpoint::open(request.folder);
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    const auto card = readFolderCard(request.folder);
    if (!card)
        return std::unexpected(card.error());
    auto tokenizer = Tokenizer::load(request.folder, checkpoint->config().vocabulary);
    if (!tokenizer)
        return std::unexpected(tokenizer.error());
    auto backend = kernels::openDevice(request.device, request.threads);
    if (!backend)
        return std::unexpected(backend.error());

    ModelDescription description = describeCheckpoint(*checkpoint, *card);
    description.templateNotice = templateNoticeOf(request.folder);
    const kernels::DeviceDescription device = (*backend)->describe();
    if (auto cache = checkCache(request.recipe.cache, device); !cache)
        return std::unexpected(cache.error());
    const WeightBytes weights =
        weightBytes(*checkpoint, request.recipe.weights, activationNumberBytes(device));
    const std::size_t toRead = weightBytes(*checkpoint, WeightChoice::AsStored).resident;
    const MemoryPlan plan = makePlan(checkpoint->config(), weights, request.recipe, device);
    if (auto fits = checkFits(plan, description.name, device); !fits)
        return std::unexpected(fits.error());

    const auto report = [&](LoadProgress::Phase phase, std::size_t done) {
        if (request.progress)
            request.progress(
                {.phase = phase, .doneBytes = std::min(done, toRead), .totalBytes = toRead});
    };
    auto loaded = LoadedModel::load(
        std::move(*checkpoint), std::move(*backend), request.recipe.weights, request.recipe.head,
        [&](std::size_t done) { report(LoadProgress::Phase::Reading, done); }, request.stop);
    if (!loaded)
        return std::unexpected(loaded.error());
    report(LoadProgress::Phase::WarmingUp, toRead);
    if (auto warm = warmUp(**loaded, request.recipe.cache); !warm)
        return std::unexpected(warm.error());
    if (request.stop.stop_requested())
        return fail(ErrorKind::Cancelled, "Loading was cancelled.");
    return std::make_shared<LocalModel>(std::move(*loaded), std::move(*tokenizer),
                                        std::move(description), plan, request.recipe);
}

} // namespace lapidary::engine
