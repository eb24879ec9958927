#pragma once

#include "event_buffer.h"
#include "generation.h"
#include "load_choice.h"

#include <engine/model.h>

#include <QFuture>
#include <QList>
#include <QObject>
#include <QQueue>
#include <QThread>
#include <QTimer>
#include <QtQml/qqmlregistration.h>

#include <memory>
#include <optional>
#include <stop_token>

namespace lapidary::app {

class EngineWorker;
class SessionFactory;

/// The one engine of the program, its loaded model and its queue, as the UI thread sees them.
///
/// Made on the UI thread; loading and generating happen on a thread of its own, and no call here
/// waits for it. One generation runs at a time; requests of all chats wait in one queue, in order,
/// also while a model loads or none is chosen. The destructor cancels and joins.
class EngineController final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    Q_PROPERTY(State state READ state NOTIFY stateChanged FINAL)
    Q_PROPERTY(QString modelName READ modelName NOTIFY modelChanged FINAL)
    Q_PROPERTY(QString modelFolder READ modelFolder NOTIFY modelChanged FINAL)
    Q_PROPERTY(QString modelNotice READ modelNotice NOTIFY modelChanged FINAL)
    /// How the model's own chat template differs from the one that is followed; "" when it does
    /// not.
    Q_PROPERTY(QString templateNotice READ templateNotice NOTIFY modelChanged FINAL)
    Q_PROPERTY(QString recipeTitle READ recipeTitle NOTIFY modelChanged FINAL)
    Q_PROPERTY(QString recipeId READ recipeId NOTIFY modelChanged FINAL)
    Q_PROPERTY(QString device READ device NOTIFY modelChanged FINAL)
    Q_PROPERTY(int contextLimit READ contextLimit NOTIFY modelChanged FINAL)
    Q_PROPERTY(bool seesImages READ seesImages NOTIFY modelChanged FINAL)
    Q_PROPERTY(bool thinks READ thinks NOTIFY modelChanged FINAL)
    /// "Reading", "Warming up", translated; "" when nothing loads.
    Q_PROPERTY(QString loadPhase READ loadPhase NOTIFY loadChanged FINAL)
    Q_PROPERTY(double loadFraction READ loadFraction NOTIFY loadChanged FINAL)
    /// Below 0: not known yet.
    Q_PROPERTY(double loadSecondsLeft READ loadSecondsLeft NOTIFY loadChanged FINAL)
    Q_PROPERTY(double loadBytesPerSecond READ loadBytesPerSecond NOTIFY loadChanged FINAL)
    /// Why the last load failed; "" otherwise. With state Ready the model before it is still
    /// loaded.
    Q_PROPERTY(QString errorSentence READ errorSentence NOTIFY errorChanged FINAL)
    Q_PROPERTY(int queueLength READ queueLength NOTIFY queueChanged FINAL)
    Q_PROPERTY(bool generating READ generating NOTIFY queueChanged FINAL)

public:
    enum class State { NoModel, Loading, Ready, Failed };
    Q_ENUM(State)

    explicit EngineController(std::unique_ptr<SessionFactory> factory, QObject* parent = nullptr);
    ~EngineController() override;

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] QString modelName() const;
    [[nodiscard]] QString modelFolder() const;
    [[nodiscard]] QString modelNotice() const;
    [[nodiscard]] QString templateNotice() const;
    [[nodiscard]] QString recipeTitle() const;
    [[nodiscard]] QString recipeId() const;
    [[nodiscard]] QString device() const;
    [[nodiscard]] int contextLimit() const { return plan_.contextTokens; }
    [[nodiscard]] bool seesImages() const { return description_.seesImages; }
    [[nodiscard]] bool thinks() const { return description_.thinks; }
    [[nodiscard]] QString loadPhase() const { return loadPhase_; }
    [[nodiscard]] double loadFraction() const { return loadFraction_; }
    [[nodiscard]] double loadSecondsLeft() const { return loadSecondsLeft_; }
    [[nodiscard]] double loadBytesPerSecond() const { return loadBytesPerSecond_; }
    [[nodiscard]] QString errorSentence() const { return errorSentence_; }
    [[nodiscard]] int queueLength() const { return static_cast<int>(queue_.size()); }
    [[nodiscard]] bool generating() const { return running_ != nullptr; }

    /// What is loaded; meaningful in state Ready.
    [[nodiscard]] const engine::ModelDescription& description() const { return description_; }
    [[nodiscard]] const engine::MemoryPlan& plan() const { return plan_; }
    /// What it has taken by now, as told last: less than the plan while the cache grows.
    [[nodiscard]] const engine::MemoryPlan& measured() const { return measured_; }
    /// What was chosen last, loaded or loading.
    [[nodiscard]] const LoadChoice& choice() const { return choice_; }

    /// Opens the device that a load will want, behind the window's first frames; "" for the best.
    void prepare(const QString& device);
    /// A generation that runs is stopped with its text kept. What does not fit is refused and the
    /// loaded model stays. It stays as well until the new one is read where both fit; where they do
    /// not it is given back first, and read again should the new one fail or be cancelled.
    void load(const LoadChoice& choice);
    /// Gives back everything that was read; the model before it, if any, comes back as with an
    /// error.
    Q_INVOKABLE void cancelLoad();
    /// Stops a generation that runs and gives the memory back; `unloaded` says how much.
    Q_INVOKABLE void unload();
    Q_INVOKABLE void dismissError();

    /// Puts a request at the end of the queue. Owned by the controller, see Generation.
    Generation* ask(const QString& chatId, engine::Request request);

    /// What the request would take of the context. Waits behind a generation that runs. NotFound
    /// while no model is loaded; Cancelled when it is unloaded meanwhile.
    QFuture<Expected<engine::ContextUse>> measure(const QString& chatId, engine::Request request);

    /// The generation of the chat that runs or waits; null when there is none.
    [[nodiscard]] Generation* generationOf(const QString& chatId) const;
    [[nodiscard]] Generation* running() const { return running_; }

signals:
    void stateChanged();
    void modelChanged();
    void loadChanged();
    void errorChanged();
    void queueChanged();
    void unloaded(double bytes);
    void queued(lapidary::app::Generation* generation);
    void started(lapidary::app::Generation* generation);

    /// What is allocated, and the device, at load and unload and once a second while generating.
    void memoryMeasured(const lapidary::engine::MemoryPlan& measured,
                        const lapidary::kernels::DeviceDescription& device);

private:
    /// A model that was given back for a load.
    struct Former {
        LoadChoice choice;
        QString name;
    };

    void setState(State state);
    void setError(const QString& sentence);
    void progress(const engine::LoadProgress& progress);
    void loaded(const engine::ModelDescription& description, const engine::MemoryPlan& plan);
    void refused(const Error& error, bool previousStays);
    void startLoad(const LoadChoice& choice, const QString& phase);
    void goBack(const Former& former);
    void tellOutcome(const QString& outcome);
    void released(std::size_t bytes);
    void settle(State state);
    [[nodiscard]] State stateWithout() const;
    void forgetModel();
    void startNext();
    void numberQueue();
    void deliver();
    void finishRunning(const engine::Finished& finished);
    void requestCancel(Generation* generation);

    std::unique_ptr<EventBuffer> events_;  ///< shared with the worker, outlives its thread
    std::unique_ptr<EngineWorker> worker_; ///< lives on thread_, deleted when that has ended
    QThread thread_;
    QTimer tick_; ///< single shot: the rest of a 16 ms tick
    qint64 lastDeliveryMs_ = 0;

    State state_ = State::NoModel;
    engine::ModelDescription description_;
    engine::MemoryPlan plan_;
    engine::MemoryPlan measured_;
    LoadChoice choice_; ///< asked for last
    LoadChoice loadedChoice_;
    std::optional<Former> former_;      ///< while the load has not succeeded
    std::optional<Former> goingBackTo_; ///< is being read again
    QString loadFailure_;      ///< why the last load failed; "" when it did not, or was cancelled
    QQueue<LoadChoice> asked_; ///< loads that the worker has not answered yet
    int unloadsAsked_ = 0;     ///< unloads that it has not answered yet
    bool hasModel_ = false;
    std::stop_source loadStop_;
    qint64 loadStartMs_ = 0;
    QString loadPhase_;
    double loadFraction_ = 0;
    double loadSecondsLeft_ = -1;
    double loadBytesPerSecond_ = 0;
    QString errorSentence_;

    QList<Generation*> queue_;
    Generation* running_ = nullptr;
};

} // namespace lapidary::app
