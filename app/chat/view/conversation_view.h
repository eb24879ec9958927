#pragma once

#include "conversation_rows.h"
#include "row_heights.h"
#include "text_selection.h"

#include <QPointer>
#include <QQmlComponent>
#include <QQmlListProperty>
#include <QQuickItem>
#include <QtQml/qqmlregistration.h>

#include <array>
#include <map>
#include <vector>

namespace lapidary::app {

/// Which component shows rows of one kind.
class RowDelegate : public QObject {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(lapidary::app::ConversationRows::Kind kind MEMBER kind)
    Q_PROPERTY(QQmlComponent* delegate MEMBER delegate)
    Q_CLASSINFO("DefaultProperty", "delegate")

public:
    using QObject::QObject;
    ConversationRows::Kind kind = ConversationRows::Kind::Head;
    QQmlComponent* delegate = nullptr;
};

/// The conversation as a scrolling column, with its own table of heights instead of guesses.
///
/// What the reader looks at does not move: the row at the top edge is the anchor, and whatever
/// changes above it is corrected in the same frame, before it is drawn. Delegates exist for the
/// page and a page around it, made while frames have time for them; a delegate has the width of the
/// view, and its implicitHeight is the height of its row. experience.md 6.3.1.
///
/// Follow modes: None (the reader scrolled), Question (a new question stays at the top, with room
/// for its answer), End (the end stays in view).
class ConversationView : public QQuickItem {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(lapidary::app::ConversationRows* rows MEMBER rows_ WRITE setRows NOTIFY rowsChanged)
    Q_PROPERTY(QQmlListProperty<lapidary::app::RowDelegate> delegates READ delegates CONSTANT)
    Q_PROPERTY(double topPadding MEMBER topPadding_ WRITE setTopPadding NOTIFY paddingChanged)
    Q_PROPERTY(
        double bottomPadding MEMBER bottomPadding_ WRITE setBottomPadding NOTIFY paddingChanged)
    /// For estimates: the width of the text column, the height of its lines.
    Q_PROPERTY(double columnWidth MEMBER columnWidth_ NOTIFY paddingChanged)
    Q_PROPERTY(double lineHeight MEMBER lineHeight_ NOTIFY paddingChanged)
    Q_PROPERTY(double position READ position NOTIFY scrolled)
    Q_PROPERTY(double pageSize READ pageSize NOTIFY scrolled)
    Q_PROPERTY(double contentHeight READ contentHeight NOTIFY scrolled)
    Q_PROPERTY(bool endVisible READ endVisible NOTIFY scrolled)
    Q_PROPERTY(Follow follow READ follow NOTIFY followChanged)

public:
    enum class Follow { None, Question, End };
    Q_ENUM(Follow)

    explicit ConversationView(QQuickItem* parent = nullptr);
    ~ConversationView() override;

    [[nodiscard]] ConversationRows* rows() const { return rows_; }
    void setRows(ConversationRows* rows);
    void setTopPadding(double padding);
    void setBottomPadding(double padding);
    QQmlListProperty<RowDelegate> delegates() { return {this, &delegates_}; }

    /// Scroll position and page as fractions of the content, for a scroll bar.
    [[nodiscard]] double position() const;
    [[nodiscard]] double pageSize() const;
    [[nodiscard]] double contentHeight() const;
    [[nodiscard]] double offset() const { return offset_; }
    [[nodiscard]] bool endVisible() const;
    [[nodiscard]] Follow follow() const { return follow_; }

    Q_INVOKABLE void scrollBy(double pixels);
    Q_INVOKABLE void scrollPages(double pages);
    Q_INVOKABLE void scrollTo(double fraction);
    Q_INVOKABLE void scrollToStart();
    /// To the end, and stays there.
    Q_INVOKABLE void followEnd();
    /// Puts the last question to the top, with room for the answer below it.
    Q_INVOKABLE void showQuestion();
    /// To the question before or after the top edge.
    Q_INVOKABLE void scrollToQuestion(int direction);

    /// The delegate of a row, null when it is not near the page.
    [[nodiscard]] QQuickItem* itemAt(int row) const;
    [[nodiscard]] int itemCount() const { return static_cast<int>(items_.size()); }
    [[nodiscard]] int firstVisibleRow() const;
    [[nodiscard]] const TextSelection& selection() const { return selection_; }

signals:
    void rowsChanged();
    void paddingChanged();
    void scrolled();
    void followChanged();

protected:
    void componentComplete() override;
    void geometryChange(const QRectF& now, const QRectF& before) override;
    void updatePolish() override;
    void wheelEvent(QWheelEvent* event) override;
    bool childMouseEventFilter(QQuickItem* item, QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseUngrabEvent() override;

private:
    /// What a delegate shows of a message.
    struct Shown {
        ChatMessage* message = nullptr;
        BlockListModel* blocks = nullptr;
        int block = -1; ///< -1: none yet
        bool inThought = false;
    };

    void reset();
    void insertRows(int first, int last);
    void removeRows(int first, int last);
    void changeRows(int first, int last);
    void renewEstimates();
    QQuickItem* create(int row);
    QQuickItem* make(ConversationRows::Kind kind, const Shown& shown);
    void makeSpare();
    void askForSpare();
    QQuickItem* reuse(int row, ConversationRows::Kind kind);
    void adopt(int row, QQuickItem* item);
    void rest(std::map<int, QQuickItem*>::iterator item);
    void drop(std::map<int, QQuickItem*>::iterator item);
    void forgetResting();
    bool layOut();
    bool measure(int row);
    bool fill(double from, double to);
    bool fillAhead();
    [[nodiscard]] int nextAhead() const;
    void place();
    void prune();
    void collectGarbage();
    void setOffset(double offset);
    void setFollow(Follow follow);
    void takeAnchor();
    void jumpTo(double offset);
    void afterScroll(double pixels);
    void showFocus();
    void reachOn();
    QQuickItem* besideFocus(int direction);
    [[nodiscard]] int focusRow() const;
    [[nodiscard]] bool isBesideFocus(const QQuickItem* item) const {
        return item == neighbours_[0] || item == neighbours_[1];
    }
    [[nodiscard]] bool isKept(int row, const QQuickItem* item) const;
    [[nodiscard]] double estimate(int row) const;
    [[nodiscard]] double anchoredOffset() const;
    [[nodiscard]] double greatestOffset() const;
    [[nodiscard]] double topOf(int row) const;

    QPointer<ConversationRows> rows_;
    QList<RowDelegate*> delegates_;
    TextSelection selection_{*this};
    RowHeights heights_;
    std::map<int, QQuickItem*> items_;                                   ///< by row
    std::map<ConversationRows::Kind, std::vector<QQuickItem*>> resting_; ///< for rows to come
    std::array<QPointer<QQuickItem>, 2> neighbours_; ///< where Tab goes from the focus, both ways
    double topPadding_ = 0;
    double bottomPadding_ = 0;
    double columnWidth_ = 700;
    double lineHeight_ = 24;
    double offset_ = 0;
    Follow follow_ = Follow::End;
    int anchorRow_ = 0;
    double anchorPixels_ = 0; ///< from the anchor row's top to the view's top edge
    int questionRow_ = -1;    ///< the row that may be scrolled to the top, -1: none
    int direction_ = -1;      ///< that the reader scrolls in: -1 up, 1 down
    qint64 making_ = 0;       ///< nanoseconds spent on delegates since the last frame
    int uncollected_ = 0;     ///< delegates made since garbage was collected
    bool laying_ = false;
    bool spareComes_ = false;
};

} // namespace lapidary::app
