// The page at `/`: one text, many texts, the command of the latest request, and the model's card.
import { find } from './dom.ts';
import { startListPanel } from './list-panel.ts';
import { showModel } from './model-card.ts';
import { describeCommand, type Question, useKey } from './service.ts';
import { startTextPanel } from './text-panel.ts';

const command = find('curl', HTMLElement);
const copy = find('copy', HTMLButtonElement);

function showCommand(question: Question): void {
  command.textContent = describeCommand(question);
  // Browsers give the clipboard to pages of https and of this machine only.
  copy.hidden = !navigator.clipboard;
  copy.textContent = 'Copy';
}

copy.addEventListener('click', async () => {
  await navigator.clipboard.writeText(command.textContent ?? '');
  copy.textContent = 'Copied';
});

const answerAgain = startTextPanel(showCommand);
startListPanel(showCommand);
showModel();

const keyForm = find('key-form', HTMLFormElement);
document.addEventListener('key-asked', () => {
  keyForm.hidden = false;
});
keyForm.addEventListener('submit', (event) => {
  event.preventDefault();
  keyForm.hidden = true;
  useKey(find('key', HTMLInputElement).value.trim());
  answerAgain();
  showModel();
});
