const f = 1;
export default { f };
