#include "generation/local_session.h"

#include "chat/prompt_tokens.h"
#include "chat/template.h"

#include <algorithm>
#include <chrono>
#include <format>
#include <ranges>
#include <utility>

namespace lapidary::engine {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

Finished failed(const Statistics& statistics, const Error& error) {
    if (error.kind == ErrorKind::Cancelled)
        return {.reason = FinishReason::Cancelled, .statistics = statistics, .error = {}};
    return {.reason = FinishReason::Failed, .statistics = statistics, .error = error};
}

} // namespace

LocalSession::LocalSession(std::shared_ptr<LocalModel> model, Context context)
    : model_(std::move(model)), context_(std::move(context)), features_(model_->loaded()) {
    model_->cacheOpened(context_.cache());
}

LocalSession::~LocalSession() {
    model_->cacheClosed(context_.cache());
}

Finished LocalSession::generate(const Request& request, const EventSink& sink) {
    Finished finished = run(request, sink);
    sink(finished);
    return finished;
}

Expected<ContextUse> LocalSession::measure(const Request& request) {
    auto asked = ask(request);
    if (!asked)
        return std::unexpected(asked.error());
    ContextUse use{.limit = context_.cache().contextTokens(), .system = asked->systemTokens};
    for (const ImageSpan& image : asked->tokens.images())
        use.images += image.end - image.begin;
    use.turns = asked->tokens.size() - use.system - use.images;
    return use;
}

Finished LocalSession::run(const Request& request, const EventSink& sink) {
    const Clock::time_point start = Clock::now();
    Statistics statistics;
    const auto asked = ask(request);
    if (!asked)
        return failed(statistics, asked.error());
    const int limit = context_.cache().contextTokens();
    statistics.promptTokens = asked->tokens.size();
    if (asked->tokens.size() > limit)
        return failed(statistics,
                      {.kind = ErrorKind::DoesNotFit,
                       .sentence = std::format(
                           "The conversation takes {} tokens and the context holds {}. Shorten it, "
                           "begin a new one, or choose a recipe with a longer context.",
                           asked->tokens.size(), limit)});

    statistics.reusedTokens = context_.cache().reusable(asked->tokens);
    const auto prefilled = prefill(request, *asked, statistics.reusedTokens, sink);
    statistics.prefillSeconds = secondsSince(start);
    if (!prefilled)
        return failed(statistics, prefilled.error());
    if (!*prefilled)
        return {.reason = FinishReason::Cancelled, .statistics = statistics, .error = {}};

    Reply reply(model_->tokenizer(),
                {.start = asked->start,
                 .showThoughts = request.thinking,
                 .stopStrings = request.stopStrings,
                 .tools = request.tools},
                sink);
    const Clock::time_point decoding = Clock::now();
    const double before = secondsSince(start);
    auto reason = decode(request, reply, statistics);
    reply.finish();
    statistics.decodeSeconds = secondsSince(decoding);
    statistics.firstTokenSeconds += before;
    statistics.thoughtTokens = reply.thoughtTokens();
    statistics.answerTokens = reply.answerTokens();
    remember(request, *asked, reply.written());
    if (reason)
        if (const auto intact = model_->loaded().checkpoint.checkIntact(); !intact)
            reason = std::unexpected(intact.error());
    if (!reason)
        return failed(statistics, reason.error());
    return {.reason = *reason, .statistics = statistics, .error = {}};
}

Expected<LocalSession::Asked> LocalSession::ask(const Request& request) {
    Asked asked;
    asked.written = replies_.recall(request.messages);
    const Tokenizer& tokenizer = model_->tokenizer();
    const auto prompt =
        renderPrompt(request, model_->templateRules(), tokenizer.special(), asked.written);
    if (!prompt)
        return std::unexpected(prompt.error());
    const int budget = model_->imageBudget();
    const PromptTokens encoded = encodePrompt(*prompt, tokenizer, budget);
    if (!encoded.images.empty() && !model_->loaded().images)
        return fail(ErrorKind::Unsupported,
                    "This model sees no images. Remove the pictures, or choose a model that does.");

    const std::span<const TokenId> ids = encoded.ids;
    std::size_t done = 0;
    std::vector<std::uint64_t> identities;
    for (const PlacedImage& placed : encoded.images) {
        const auto first = static_cast<std::size_t>(placed.firstSoftToken);
        asked.tokens.append(ids.subspan(done, first - done));
        asked.images.push_back(placed.part);
        ImagePart& part = asked.images.back();
        if (part.budget == 0)
            part.budget = budget;
        identities.push_back(features_.identity(part.image, part.budget));
        asked.tokens.appendImage(ids[first], placed.softTokens, identities.back());
        done = first + static_cast<std::size_t>(placed.softTokens);
    }
    asked.tokens.append(ids.subspan(done));
    asked.start = prompt->start;
    asked.systemTokens = encoded.systemTokens;
    features_.keepOnly(identities);
    return asked;
}

Expected<bool> LocalSession::prefill(const Request& request, const Asked& asked, int reused,
                                     const EventSink& sink) {
    const auto progress = [&](int done) {
        sink(PrefillProgress{.promptTokens = asked.tokens.size(),
                             .reusedTokens = reused,
                             .doneTokens = done - reused});
        return !request.stop.stop_requested();
    };
    if (!progress(reused))
        return false;
    return context_.prefill({
        .tokens = asked.tokens,
        .image = [&](std::size_t i) -> Expected<const SoftTokens*> {
            if (request.stop.stop_requested())
                return fail(ErrorKind::Cancelled, "The generation was cancelled.");
            return features_.of(asked.images[i].image, asked.images[i].budget);
        },
        .progress = progress,
        .logits = {},
    });
}

Expected<FinishReason> LocalSession::decode(const Request& request, Reply& reply,
                                            Statistics& statistics) {
    const Clock::time_point start = Clock::now();
    const std::vector<std::int32_t>& ends = model_->loaded().checkpoint.generation().eosTokens;
    while (!request.stop.stop_requested()) {
        const auto id = context_.draw(request.sampling, model_->bannedTokens());
        if (!id)
            return std::unexpected(id.error());
        if (reply.tokens() == 0)
            statistics.firstTokenSeconds = secondsSince(start);

        switch (reply.add(*id)) {
        case StreamState::WaitsForResults:
            return FinishReason::ToolCall;
        case StreamState::TurnEnded:
            return reply.calls() ? FinishReason::ToolCall : FinishReason::Stop;
        case StreamState::StopString:
            return FinishReason::Stop;
        case StreamState::Going:
            break;
        }
        if (std::ranges::find(ends, *id) != ends.end())
            return FinishReason::Stop;
        if (reply.tokens() == request.maxTokens)
            return FinishReason::Length;
        if (context_.cache().tokens().size() == context_.cache().contextTokens())
            return FinishReason::ContextFull;
        if (request.stop.stop_requested())
            break;
        context_.extend(*id);
    }
    if (auto done = context_.settle(); !done)
        return std::unexpected(done.error());
    return FinishReason::Cancelled;
}

void LocalSession::remember(const Request& request, const Asked& asked, ReplyMemory::Reply reply) {
    if (!request.continueLast) {
        replies_.remember(std::move(reply));
        return;
    }
    // The message now reads as it did, and then this reply; likewise its tokens.
    const WrittenReply& before = asked.written.back();
    if (before.reply.empty())
        return;
    const Message& message = request.messages.back();
    const auto joined = [](const std::vector<TokenId>& first, const std::vector<TokenId>& second) {
        std::vector<TokenId> both = first;
        both.insert(both.end(), second.begin(), second.end());
        return both;
    };
    reply.thought = message.thought + reply.thought;
    reply.answer = textOf(message) + reply.answer;
    reply.calls.insert(reply.calls.begin(), message.calls.begin(), message.calls.end());
    reply.written.reply = joined(before.reply, reply.written.reply);
    reply.written.answer = joined(before.answer, reply.written.answer);
    reply.written.start = before.start;
    replies_.remember(std::move(reply));
}

} // namespace lapidary::engine
