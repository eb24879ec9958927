#include "engine_controller.h"

#include "engine_worker.h"
#include "error_text.h"
#include "session_factory.h"

#include <QPromise>

#include <algorithm>
#include <chrono>
#include <utility>

namespace lapidary::app {
namespace {

/// One update of the window a frame.
constexpr int kTickMs = 16;

qint64 nowMs() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

} // namespace

EngineController::EngineController(std::unique_ptr<SessionFactory> factory, QObject* parent)
    : QObject(parent) {
    events_ = std::make_unique<EventBuffer>([this] {
        QMetaObject::invokeMethod(this, &EngineController::deliver, Qt::QueuedConnection);
    });
    worker_ = std::make_unique<EngineWorker>(std::move(factory), *events_);
    worker_->moveToThread(&thread_);
    connect(worker_.get(), &EngineWorker::loadProgressed, this, &EngineController::progress);
    connect(worker_.get(), &EngineWorker::loaded, this, &EngineController::loaded);
    connect(worker_.get(), &EngineWorker::loadRefused, this, &EngineController::refused);
    connect(worker_.get(), &EngineWorker::unloaded, this, &EngineController::released);
    connect(worker_.get(), &EngineWorker::memoryMeasured, this,
            [this](const engine::MemoryPlan& measured, const kernels::DeviceDescription& device) {
                measured_ = measured;
                emit memoryMeasured(measured, device);
            });
    thread_.setObjectName(QStringLiteral("engine"));
    thread_.start();
    tick_.setSingleShot(true);
    connect(&tick_, &QTimer::timeout, this, &EngineController::deliver);
}

EngineController::~EngineController() {
    loadStop_.request_stop();
    if (running_ != nullptr)
        running_->requestStop();
    thread_.quit();
    thread_.wait();
    worker_.reset();
}

QString EngineController::modelName() const {
    return QString::fromStdString(description_.name);
}

QString EngineController::modelFolder() const {
    return hasModel_ ? loadedChoice_.folder : QString();
}

QString EngineController::modelNotice() const {
    return QString::fromStdString(description_.notice);
}

QString EngineController::templateNotice() const {
    return QString::fromStdString(description_.templateNotice);
}

QString EngineController::recipeTitle() const {
    return hasModel_ ? QString::fromStdString(loadedChoice_.recipe.title) : QString();
}

QString EngineController::recipeId() const {
    return hasModel_ ? QString::fromStdString(loadedChoice_.recipe.id) : QString();
}

QString EngineController::device() const {
    return hasModel_ ? loadedChoice_.device : QString();
}

void EngineController::prepare(const QString& device) {
    QMetaObject::invokeMethod(
        worker_.get(),
        [worker = worker_.get(), device = device.toStdString()] { worker->prepare(device); },
        Qt::QueuedConnection);
}

void EngineController::load(const LoadChoice& choice) {
    loadStop_.request_stop();
    loadStop_ = {};
    if (running_ != nullptr)
        running_->requestStop();
    if (goingBackTo_)
        former_ = std::exchange(goingBackTo_, {});
    loadFailure_.clear();
    setError({});
    startLoad(choice, tr("Checking memory"));
}

void EngineController::startLoad(const LoadChoice& choice, const QString& phase) {
    choice_ = choice;
    asked_.enqueue(choice);
    loadStartMs_ = nowMs();
    loadPhase_ = phase;
    loadFraction_ = 0;
    loadSecondsLeft_ = -1;
    loadBytesPerSecond_ = 0;
    setState(State::Loading);
    emit loadChanged();
    engine::LoadRequest request;
    request.folder = choice.folder.toStdU16String();
    request.recipe = choice.recipe;
    request.device = choice.device.toStdString();
    request.stop = loadStop_.get_token();
    QMetaObject::invokeMethod(
        worker_.get(),
        [worker = worker_.get(), request = std::move(request)] { worker->load(request); },
        Qt::QueuedConnection);
}

void EngineController::cancelLoad() {
    loadStop_.request_stop();
}

void EngineController::unload() {
    loadStop_.request_stop();
    if (running_ != nullptr)
        running_->requestStop();
    ++unloadsAsked_;
    QMetaObject::invokeMethod(worker_.get(), &EngineWorker::unload, Qt::QueuedConnection);
}

void EngineController::dismissError() {
    loadFailure_.clear();
    setError({});
    if (state_ == State::Failed)
        setState(State::NoModel);
}

Generation* EngineController::ask(const QString& chatId, engine::Request request) {
    auto owned = std::make_unique<Generation>(chatId, std::move(request));
    owned->setParent(this);
    Generation* generation = owned.release(); // the parent owns it
    connect(generation, &Generation::cancelRequested, this,
            [this, generation] { requestCancel(generation); });
    queue_.append(generation);
    numberQueue();
    emit queued(generation);
    emit queueChanged();
    // Later, so that the caller has connected before the first signal.
    QMetaObject::invokeMethod(this, &EngineController::startNext, Qt::QueuedConnection);
    return generation;
}

QFuture<Expected<engine::ContextUse>> EngineController::measure(const QString&,
                                                                engine::Request request) {
    auto promise = std::make_shared<QPromise<Expected<engine::ContextUse>>>();
    promise->start();
    QFuture<Expected<engine::ContextUse>> future = promise->future();
    QMetaObject::invokeMethod(
        worker_.get(),
        [worker = worker_.get(), promise, request = std::move(request)] {
            worker->measure(promise, request);
        },
        Qt::QueuedConnection);
    return future;
}

Generation* EngineController::generationOf(const QString& chatId) const {
    if (running_ != nullptr && running_->chatId() == chatId)
        return running_;
    const auto found = std::ranges::find(queue_, chatId, &Generation::chatId);
    return found == queue_.end() ? nullptr : *found;
}

void EngineController::setState(State state) {
    if (std::exchange(state_, state) != state)
        emit stateChanged();
}

void EngineController::setError(const QString& sentence) {
    if (std::exchange(errorSentence_, sentence) != sentence)
        emit errorChanged();
}

void EngineController::progress(const engine::LoadProgress& progress) {
    if (state_ != State::Loading || asked_.size() != 1)
        return;
    const double seconds = static_cast<double>(nowMs() - loadStartMs_) / 1000;
    const auto done = static_cast<double>(progress.doneBytes);
    const auto total = static_cast<double>(progress.totalBytes);
    const bool reading = progress.phase == engine::LoadProgress::Phase::Reading;
    if (!goingBackTo_)
        loadPhase_ = reading ? tr("Reading") : tr("Warming up");
    loadFraction_ = total > 0 ? done / total : 0;
    loadBytesPerSecond_ = reading && seconds > 0 ? done / seconds : 0;
    // The first tenth of a second says nothing about the rest.
    const bool known = loadBytesPerSecond_ > 0 && seconds > 0.1;
    loadSecondsLeft_ = known ? (total - done) / loadBytesPerSecond_ : -1;
    emit loadChanged();
}

void EngineController::loaded(const engine::ModelDescription& description,
                              const engine::MemoryPlan& plan) {
    loadedChoice_ = asked_.dequeue();
    description_ = description;
    plan_ = plan;
    hasModel_ = true;
    former_.reset();
    if (const auto back = std::exchange(goingBackTo_, {}))
        tellOutcome(tr("%1 is in use again.").arg(back->name));
    if (!description.templateNotice.empty())
        qInfo("%s: %s.", description.name.c_str(), description.templateNotice.c_str());
    emit modelChanged();
    settle(State::Ready);
}

void EngineController::refused(const Error& error, bool previousStays) {
    asked_.dequeue();
    if (!previousStays) {
        if (hasModel_)
            former_ = Former{loadedChoice_, modelName()};
        forgetModel();
    }
    const bool cancelled = error.kind == ErrorKind::Cancelled;
    const bool decides = asked_.empty() && unloadsAsked_ == 0; // else a later answer does
    if (const auto back = std::exchange(goingBackTo_, {})) {
        if (cancelled)
            setError(loadFailure_);
        else if (loadFailure_.isEmpty())
            setError(errorText(error));
        else
            tellOutcome(tr("%1 could not be read again: %2").arg(back->name, errorText(error)));
    } else if (decides) {
        loadFailure_ = cancelled ? QString() : errorText(error);
        setError(loadFailure_);
        if (const std::optional<Former> former = std::exchange(former_, {});
            former && !hasModel_ && error.kind != ErrorKind::DeviceLost) {
            goBack(*former);
            return;
        }
    }
    if (hasModel_ && decides)
        choice_ = loadedChoice_;
    settle(hasModel_ ? State::Ready : stateWithout());
}

/// Reads the model again that was given back for one that failed.
void EngineController::goBack(const Former& former) {
    goingBackTo_ = former;
    const QString phase = tr("Going back to %1").arg(former.name);
    tellOutcome(phase + u'.');
    loadStop_ = {};
    startLoad(former.choice, phase);
}

/// Adds to the sentence about a failed load, while that is shown, how it went on.
void EngineController::tellOutcome(const QString& outcome) {
    if (!loadFailure_.isEmpty())
        setError(loadFailure_ + u' ' + outcome);
}

void EngineController::released(std::size_t bytes) {
    --unloadsAsked_;
    former_.reset();
    forgetModel();
    emit unloaded(static_cast<double>(bytes));
    settle(stateWithout());
}

void EngineController::settle(State state) {
    if (!asked_.empty() || unloadsAsked_ > 0)
        return; // a later answer decides
    loadPhase_.clear();
    emit loadChanged();
    setState(state);
    startNext();
}

/// While no model is loaded.
EngineController::State EngineController::stateWithout() const {
    return errorSentence_.isEmpty() ? State::NoModel : State::Failed;
}

void EngineController::forgetModel() {
    if (!std::exchange(hasModel_, false))
        return;
    description_ = {};
    plan_ = {};
    emit modelChanged();
}

void EngineController::startNext() {
    const bool ready = state_ == State::Ready && asked_.empty() && unloadsAsked_ == 0;
    if (!ready || running_ != nullptr || queue_.empty())
        return;
    running_ = queue_.takeFirst();
    numberQueue();
    running_->start();
    emit started(running_);
    emit queueChanged();
    QMetaObject::invokeMethod(
        worker_.get(),
        [worker = worker_.get(), request = running_->request()] { worker->generate(request); },
        Qt::QueuedConnection);
}

void EngineController::numberQueue() {
    for (int place = 1; Generation * generation : std::as_const(queue_))
        generation->setQueuePlace(place++);
}

void EngineController::deliver() {
    const bool streams =
        running_ != nullptr && running_->state() > Generation::State::ReadingPrompt;
    const qint64 sinceLast = nowMs() - lastDeliveryMs_;
    if (streams && sinceLast < kTickMs) {
        if (!tick_.isActive())
            tick_.start(static_cast<int>(kTickMs - sinceLast));
        return;
    }
    lastDeliveryMs_ = nowMs();
    const EventBuffer::Batch batch = events_->take();
    if (running_ == nullptr)
        return;
    if (!batch.events.empty())
        running_->deliver(batch.events);
    if (batch.finished)
        finishRunning(*batch.finished);
}

void EngineController::finishRunning(const engine::Finished& finished) {
    Generation* generation = std::exchange(running_, nullptr);
    if (finished.error && finished.error->kind == ErrorKind::DeviceLost) {
        setError(errorText(*finished.error));
        unload();
    }
    generation->finish(finished);
    generation->deleteLater();
    emit queueChanged();
    startNext();
}

void EngineController::requestCancel(Generation* generation) {
    if (generation == running_) {
        generation->requestStop();
        return;
    }
    if (queue_.removeOne(generation)) {
        numberQueue();
        engine::Finished withdrawn;
        withdrawn.reason = engine::FinishReason::Cancelled;
        generation->finish(withdrawn);
        generation->deleteLater();
        emit queueChanged();
    }
}

} // namespace lapidary::app
