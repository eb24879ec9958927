#include "scripted_sessions.h"

#include <chrono>

using namespace lapidary;

void Scripts::add(Script script) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(script));
}

Script Scripts::next(const engine::Request& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (waiting_.empty())
        return {};
    Script script = std::move(waiting_.front());
    waiting_.pop_front();
    return script;
}

std::vector<engine::Request> Scripts::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void Scripts::begin() {
    const std::lock_guard lock(mutex_);
    released_ = false;
}

void Scripts::release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
}

bool Scripts::wait(double seconds, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
    return !stop.stop_requested();
}

void Scripts::waitForRelease(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return released_; });
}

namespace {

constexpr std::size_t kGigabyte = 1'000'000'000;

engine::ModelDescription description() {
    engine::ModelDescription model;
    model.folder = "/models/gemma-4-12b";
    model.name = "Gemma 4 12B";
    model.variant = "gemma4_unified, 48 layers";
    model.format = "BF16";
    model.fileBytes = 13 * kGigabyte;
    model.maxContextTokens = 131072;
    model.seesImages = true;
    return model;
}

engine::MemoryPlan memory() {
    engine::MemoryPlan plan;
    plan.bytes = {13 * kGigabyte, 0, kGigabyte, kGigabyte / 2, kGigabyte / 3};
    plan.availableBytes = 22 * kGigabyte;
    plan.contextTokens = 32768;
    return plan;
}

kernels::DeviceDescription processor() {
    return {.id = "cpu",
            .name = "Processor, 8 threads",
            .totalBytes = 32 * kGigabyte,
            .freeBytes = 22 * kGigabyte};
}

class ScriptedSession final : public engine::Session {
public:
    explicit ScriptedSession(std::shared_ptr<Scripts> scripts) : scripts_(std::move(scripts)) {}

    engine::Finished generate(const engine::Request& request,
                              const engine::EventSink& sink) override {
        scripts_->begin();
        const Script script = scripts_->next(request);
        engine::Finished finished;
        finished.reason = script.reason;
        if (!script.error.empty())
            finished.error = Error{ErrorKind::DoesNotFit, script.error};
        engine::Statistics& statistics = finished.statistics;
        statistics.promptTokens = 100 * std::max(script.promptChunks, 1);
        statistics.firstTokenSeconds = 0.08;
        statistics.prefillSeconds = 0.001 * statistics.promptTokens;
        bool goesOn = true;
        for (int chunk = 0; chunk < script.promptChunks && goesOn; ++chunk) {
            sink(engine::PrefillProgress{.promptTokens = statistics.promptTokens,
                                         .doneTokens = 100 * chunk});
            goesOn = scripts_->wait(0.02, request.stop);
        }
        const auto write = [&](const std::string& text, auto&& event, int& tokens) {
            for (std::size_t at = 0; at < text.size() && goesOn;) {
                std::size_t end = at + static_cast<std::size_t>(script.charactersPerToken);
                while (end < text.size()
                       && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
                    ++end;
                event(text.substr(at, end - at));
                ++tokens;
                at = end;
                goesOn = scripts_->wait(script.tokensPerSecond > 0 ? 1 / script.tokensPerSecond : 0,
                                        request.stop);
            }
        };
        if (!script.thought.empty()) {
            write(
                script.thought,
                [&](std::string text) { sink(engine::ThoughtText{std::move(text), 1}); },
                statistics.thoughtTokens);
            sink(engine::ThoughtEnded{});
        }
        write(
            script.answer, [&](std::string text) { sink(engine::AnswerText{std::move(text), 1}); },
            statistics.answerTokens);
        if (script.holds && goesOn) {
            scripts_->waitForRelease(request.stop);
            goesOn = !request.stop.stop_requested();
        }
        statistics.decodeSeconds = (statistics.answerTokens + statistics.thoughtTokens) / 142.0;
        if (!goesOn)
            finished.reason = engine::FinishReason::Cancelled;
        sink(finished);
        return finished;
    }

    Expected<engine::ContextUse> measure(const engine::Request& request) override {
        engine::ContextUse use{.limit = 32768};
        for (const engine::Message& message : request.messages)
            for (const engine::Part& part : message.parts)
                if (const auto* text = std::get_if<std::string>(&part))
                    use.turns += static_cast<int>(text->size() / 4);
                else
                    use.images += 280;
        return use;
    }

private:
    std::shared_ptr<Scripts> scripts_;
};

class ScriptedModel final : public engine::Model {
public:
    explicit ScriptedModel(std::shared_ptr<Scripts> scripts) : scripts_(std::move(scripts)) {}
    const engine::ModelDescription& description() const override { return description_; }
    const engine::MemoryPlan& plan() const override { return plan_; }
    engine::MemoryPlan measuredMemory() const override { return plan_; }
    Expected<std::unique_ptr<engine::Session>> openSession() override {
        return std::make_unique<ScriptedSession>(scripts_);
    }

private:
    std::shared_ptr<Scripts> scripts_;
    engine::ModelDescription description_ = ::description();
    engine::MemoryPlan plan_ = memory();
};

class ScriptedFactory final : public app::SessionFactory {
public:
    explicit ScriptedFactory(std::shared_ptr<Scripts> scripts) : scripts_(std::move(scripts)) {}
    Expected<engine::MemoryPlan> plan(const engine::LoadRequest&, std::size_t) override {
        return memory();
    }
    Expected<std::shared_ptr<engine::Model>> load(const engine::LoadRequest&) override {
        return std::make_shared<ScriptedModel>(scripts_);
    }
    kernels::DeviceDescription device(const std::string&) override { return processor(); }

private:
    std::shared_ptr<Scripts> scripts_;
};

} // namespace

std::unique_ptr<app::SessionFactory> scriptedSessions(std::shared_ptr<Scripts> scripts) {
    return std::make_unique<ScriptedFactory>(std::move(scripts));
}

app::EngineQueries scriptedQueries() {
    return {
        .describe = [](const std::filesystem::path&) -> Expected<engine::ModelDescription> {
            return description();
        },
        .plan = [](const std::filesystem::path&, const engine::Recipe&,
                   const kernels::DeviceDescription&) -> Expected<engine::MemoryPlan> {
            return memory();
        },
        .devices = [] { return std::vector{processor()}; },
        .recipes = [](const std::filesystem::path&) -> Expected<std::vector<engine::Recipe>> {
            return std::vector{
                engine::Recipe{.id = "fast", .title = "Plain", .summary = "", .drafter = ""},
                engine::Recipe{.id = "long",
                               .title = "Long context",
                               .summary = "",
                               .drafter = "",
                               .contextTokens = 131072}};
        },
    };
}
