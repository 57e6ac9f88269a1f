function First() {
  return <p />;
}
export const B = () => <First>{First.name}</First>;
